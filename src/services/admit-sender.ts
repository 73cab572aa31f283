/** Who sends a message over MLLP: a registered system that speaks for one member, or nobody (access.md section 1). */
import { rolesCover } from '../domain/access/roles.ts'
import type { Action } from '../domain/access/principal.ts'
import type { Clock } from '../kernel/clock.ts'
import { HubError } from '../kernel/errors.ts'
import type { ClientId } from '../kernel/ids.ts'
import { listAuthorities } from '../storage/assigning-authorities.ts'
import type { Db } from '../storage/db.ts'
import { findHl7Sender, type Hl7SenderRow, type SenderMarks } from '../storage/hl7-senders.ts'
import { charsetNamed, type Charset } from '../wire/hl7v2/charset.ts'
import type { Authorities } from '../wire/hl7v2/patient-claim.ts'
import type { AccessState } from './access-state.ts'
import type { Access } from './authorize.ts'
import type { RecordAudit, RequestContext } from './record-audit.ts'

export interface AdmittedSender {
  readonly id: string
  /** Of messages without MSH-18. */
  readonly charset: Charset
  /** IANA zone of times without an offset. */
  readonly timeZone: string
  /** Whose ids it may tell. */
  readonly authorities: Authorities
  /** The permit for what a message of its asks. Throws `forbidden` where its member's roles do not cover it. */
  permit(action: Action): Access
}

export type { SenderMarks }

/** Throws `unauthenticated` for a sender that is not known, after auditing it. */
export type AdmitSender = (marks: SenderMarks, context: RequestContext) => Promise<AdmittedSender>

export interface AdmitSenderDeps {
  readonly db: Db
  readonly state: Pick<AccessState, 'member'>
  readonly recordAudit: RecordAudit
  readonly clock: Clock
}

export function makeAdmitSender(deps: AdmitSenderDeps): AdmitSender {
  const { db, state, recordAudit, clock } = deps
  return async (marks, context) => {
    const sender = await findHl7Sender(db, marks)
    const member = sender && state.member(sender.member)
    if (sender === undefined || member?.active !== true) {
      const refusal = { act: 'access-refused', outcome: '4', reason: 'unknown-sender' } as const
      await recordAudit({ ...context, ...refusal, at: clock(), entities: [] })
      throw new HubError('unauthenticated', 'This sender is not known here')
    }
    return {
      id: sender.id,
      charset: charsetNamed(sender.charset) ?? 'iso-8859-1',
      timeZone: sender.timeZone,
      authorities: await authoritiesOf(db, sender),
      permit(action) {
        if (rolesCover(member.roles, action)) return accessOf(sender, action)
        throw new HubError('forbidden', 'The sender’s member may not do this')
      },
    }
  }
}

async function authoritiesOf(db: Db, sender: Hl7SenderRow): Promise<Authorities> {
  const own = (await listAuthorities(db)).filter(({ member }) => member === sender.member)
  const named = own.map(({ name, namespace, system }) => [namespace ?? name, system] as const)
  return { byName: Object.fromEntries(named), default: sender.defaultSystem ?? undefined }
}

function accessOf({ id, member }: Hl7SenderRow, action: Action): Access {
  // Not a client of the authorization server: its own kind of name keeps the two apart in the log.
  const client = `hl7-sender/${id}` as ClientId
  return {
    principal: { client, member, actions: new Set([action]), tokenId: '' },
    action,
    filter: { kind: 'custodian', in: [member] },
  }
}
