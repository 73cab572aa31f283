/** Who is asking, whatever protocol carried the question (access.md section 1). */
import type { ClientId, GrantId, OrganizationId } from '../../kernel/ids.ts'

/** What a caller may want to do; every face maps its requests to one of these. */
export const ACTIONS = [
  'identify',
  'find',
  'read-report',
  'view-images',
  'publish',
  'record-consent',
  'read-consent',
  'read-audit',
  'read-directory',
  'operate',
  'link-patients',
  'subscribe',
  'export',
] as const
export type Action = (typeof ACTIONS)[number]

/** Roles a member is admitted with; a request needs one that covers its action. */
export const MEMBER_ROLES = [
  'clinical',
  'publisher',
  'consent-recorder',
  'privacy-officer',
  'operator',
  'identity-clerk',
] as const
export type MemberRole = (typeof MEMBER_ROLES)[number]

/** v3-ActReason codes of the Norwegian trust framework (norway.md section 3.4). */
export const CARE_PURPOSES = ['TREAT', 'ETREAT', 'COC', 'BTG'] as const
export type CarePurpose = (typeof CARE_PURPOSES)[number]

/** The person behind a request. The national id is never part of it: `handle` is a keyed pseudonym. */
export interface Practitioner {
  readonly handle: string
  readonly name: string
  readonly hprNumber?: string | undefined
  /** Volven 9060 category, as LE (physician). */
  readonly category?: string | undefined
}

export interface Principal {
  readonly client: ClientId
  readonly member: OrganizationId
  /** Organisation number of the sub-unit asking (`orgnr_child`, point of care). */
  readonly unit?: string | undefined
  readonly practitioner?: Practitioner | undefined
  /** Present when the token carries a grant; without one a caller reaches its own member's material only. */
  readonly grant?: GrantId | undefined
  /** What the token's scopes cover. */
  readonly actions: ReadonlySet<Action>
  /** `jti` of the access token, for the audit. */
  readonly tokenId: string
}
