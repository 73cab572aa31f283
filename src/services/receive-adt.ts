/**
 * Identity messages (ADT) of a member's systems. What a publisher's system says of a person weighs what its
 * studies say (resolve-patient.ts): it names no one anew, moves nothing, and its acknowledgement does not tell
 * whom the registry knows. A system of an identity clerk's member feeds Patients as ITI-104 does.
 */
import type { AuditRecord } from '../domain/audit/event.ts'
import { isHubError } from '../kernel/errors.ts'
import { readAdt } from '../wire/hl7v2/adt.ts'
import { accessRecord } from './access-record.ts'
import type { AdmittedSender } from './admit-sender.ts'
import type { Access } from './authorize.ts'
import { feedByMessage, type FeedByMessageDeps } from './feed-by-message.ts'
import type { HeardEvent } from './heard-event.ts'
import { loggedTransaction, type LoggedTransactionDeps } from './logged-transaction.ts'
import type { ReceiveMessage } from './receive-message.ts'
import type { RequestContext } from './record-audit.ts'
import { tellByMessage, type TellByMessageDeps } from './tell-by-message.ts'
import { despiteRaces } from './write-deps.ts'

export interface ReceiveAdtDeps
  extends FeedByMessageDeps, TellByMessageDeps, LoggedTransactionDeps {}

/**
 * All events of the message or none. Throws `Hl7Fault` for what the message lacks, `forbidden` for a merge
 * of national ids by a system that may not link patients, `conflict` where it takes an identity clerk.
 */
export function makeReceiveAdt(deps: ReceiveAdtDeps): ReceiveMessage {
  return async (message, sender, context) => {
    const events = readAdt(message, sender.authorities)
    const linking = permitIfCovered(sender)
    const access = linking ?? sender.permit('publish')
    await despiteRaces(() =>
      loggedTransaction(deps, async (db) => {
        const heard: HeardEvent[] = []
        const hear = linking === undefined ? tellByMessage : feedByMessage
        for (const event of events)
          heard.push(await hear(db, { event, access, context, at: deps.clock() }, deps))
        return { result: heard, record: recordOf(access, { heard, at: deps.clock() }, context) }
      }),
    )
  }
}

/** The permit to link patients, where the sender's member has that role. */
function permitIfCovered(sender: AdmittedSender): Access | undefined {
  try {
    return sender.permit('link-patients')
  } catch (error) {
    if (isHubError(error, 'forbidden')) return undefined
    throw error
  }
}

/** A doubt is in the log, where the sender's operators and the clerks find it; the sender is not told. */
function recordOf(
  access: Access,
  { heard, at }: { readonly heard: readonly HeardEvent[]; readonly at: Date },
  context: RequestContext,
): AuditRecord {
  const { member: custodian } = access.principal
  const patients = heard.flatMap(({ patient }) => patient ?? [])
  const [patient, ...others] = new Set(patients)
  const doubt = heard.find((one) => one.doubt !== undefined)?.doubt
  const entities = patients.map(
    (id) => ({ kind: 'resource', reference: `Patient/${id}`, custodian }) as const,
  )
  const outcome = doubt === undefined ? '0' : '4'
  const act = heard.some((one) => one.act === 'create') ? 'create' : 'update'
  const record = accessRecord(access, { act, at, outcome, reason: doubt, entities }, context)
  return others.length === 0 && patient !== undefined ? { ...record, patient } : record
}
