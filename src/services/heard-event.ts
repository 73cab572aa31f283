/** An event of an identity message on its way through the registry, and what became of it. */
import type { OrganizationId, PatientId } from '../kernel/ids.ts'
import type { IdentityEvent } from '../wire/hl7v2/adt.ts'
import type { Access } from './authorize.ts'
import type { RequestContext } from './record-audit.ts'

export interface HearingEvent {
  readonly event: IdentityEvent
  readonly access: Access
  readonly context: RequestContext
  readonly at: Date
}

export interface HeardEvent {
  /** Absent where nobody could be named beyond doubt. */
  readonly patient?: PatientId | undefined
  readonly act: 'create' | 'update'
  /** Machine code of the doubt. */
  readonly doubt?: string | undefined
}

/** Whose ids are told. */
export function custodianOf({ access }: HearingEvent): OrganizationId {
  return access.principal.member
}
