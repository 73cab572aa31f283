/** HL7 v2 messages: who may send them, and which verb hears which. */
import { randomUUID } from 'node:crypto'
import type { Foundation, Ground } from './compose-ground.ts'
import { makeAdmitSender } from './services/admit-sender.ts'
import { makeReceiveAdt } from './services/receive-adt.ts'
import { makeReceiveOru, type ReceiveMessage } from './services/receive-message.ts'
import type { ReceiveReports } from './services/receive-reports.ts'
import type { JudgeResource } from './services/write-deps.ts'

const ADT_EVENTS = ['A01', 'A04', 'A05', 'A08', 'A28', 'A31', 'A40']

export interface MessageDeps {
  readonly receiveReports: ReceiveReports
  readonly validate: JudgeResource
}

export function makeMessageServices(
  { storage, clock }: Foundation,
  { state, audit, registering }: Ground,
  deps: MessageDeps,
) {
  const { pool, sealer } = storage
  const shared = {
    ...registering,
    ...deps,
    pool,
    db: pool,
    sealer,
    clock,
    newId: () => randomUUID(),
  }
  const hearing = { ...shared, recordAudit: audit.record }
  const receiveAdt = makeReceiveAdt(hearing)
  const receivers: Readonly<Record<string, ReceiveMessage>> = {
    'ORU^R01': makeReceiveOru(deps),
    ...Object.fromEntries(ADT_EVENTS.map((event) => [`ADT^${event}`, receiveAdt])),
  }
  return { admitSender: makeAdmitSender({ ...hearing, state }), receivers }
}
