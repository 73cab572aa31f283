/** Registering the systems that may send HL7 v2 messages, each for one member, and ending that. */
import { HubError } from '../kernel/errors.ts'
import {
  disableHl7Sender,
  insertHl7Sender,
  listHl7Senders,
  type Hl7SenderRow,
} from '../storage/hl7-senders.ts'
import type { NewHl7Sender } from '../wire/admin/hl7-senders.ts'
import { administer, lookAt, type AdministerDeps } from './administer.ts'
import type { Administration } from './administration.ts'
import { requireMember } from './manage-members.ts'

type ManageHl7Senders = Pick<Administration, 'addHl7Sender' | 'listHl7Senders' | 'disableHl7Sender'>

export function makeManageHl7Senders(deps: AdministerDeps): ManageHl7Senders {
  return {
    addHl7Sender: (request, by) =>
      administer(deps, by, async (db, at) => {
        const { id: member } = await requireMember(db, request.member)
        const sender = { ...toRow(request), member }
        await insertHl7Sender(db, sender, at)
        const subject = `HL7 v2 sender ${sender.id}`
        const result = { ...sender, active: true }
        return { act: { verb: 'hl7-sender-added', member, subject }, result }
      }),
    listHl7Senders: (by) =>
      lookAt(deps, by, { verb: 'hl7-senders-listed' }, () => listHl7Senders(deps.pool)),
    disableHl7Sender: (id, by) =>
      administer(deps, by, async (db) => {
        const senders = await listHl7Senders(db)
        const sender = senders.find((one) => one.id === id)
        if (sender === undefined) throw new HubError('not-found', `There is no HL7 v2 sender ${id}`)
        await disableHl7Sender(db, id)
        const { member } = sender
        const subject = `HL7 v2 sender ${id}`
        const result = { ...sender, active: false }
        return { act: { verb: 'hl7-sender-disabled', member, subject }, result }
      }),
  }
}

function toRow(request: NewHl7Sender): Omit<Hl7SenderRow, 'active' | 'member'> {
  const { id, name, fingerprint, address, application, facility } = request
  return {
    id,
    name,
    fingerprint: fingerprint ?? null,
    address: address ?? null,
    application: application ?? null,
    facility: facility ?? null,
    charset: request.charset ?? 'iso-8859-1',
    timeZone: request.timeZone ?? 'Europe/Oslo',
    defaultSystem: request.defaultSystem ?? null,
  }
}
