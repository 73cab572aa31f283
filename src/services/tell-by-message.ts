/** What a publisher's own system says of a person in a message. */
import type { PoolClient } from 'pg'
import type { NationalIdRules } from '../domain/identity/national-id.ts'
import {
  readPatientIdentifier,
  type PatientIdentifier,
} from '../domain/identity/patient-identifier.ts'
import { HubError } from '../kernel/errors.ts'
import type { OrganizationId, PatientId } from '../kernel/ids.ts'
import { findPatient, setIdentifier } from '../storage/patient-identifiers.ts'
import { holdPatient } from '../storage/patient-locks.ts'
import { identifierKeys } from '../wire/fhir/search-keys.ts'
import type { IdentityEvent, ToldId } from '../wire/hl7v2/adt.ts'
import { custodianOf, type HeardEvent, type HearingEvent } from './heard-event.ts'
import type { ResolvePatient } from './resolve-patient.ts'

export interface TellByMessageDeps {
  readonly resolvePatient: ResolvePatient
  readonly rules: NationalIdRules
}

/**
 * A national id with its own birth date names a person, as in an object; the member's own ids are kept for
 * its own material. In a merge (A40) an own id takes another's place, where both are one person's here
 * already; a merge of two persons is an identity clerk's (`conflict`), and of national ids too (`forbidden`).
 */
export function tellByMessage(
  db: PoolClient,
  hearing: HearingEvent,
  deps: TellByMessageDeps,
): Promise<HeardEvent> {
  const { event } = hearing
  return event.kind === 'told' ? tell(db, hearing, event, deps) : merge(db, hearing, event, deps)
}

async function tell(
  db: PoolClient,
  hearing: HearingEvent,
  { patient: told }: Extract<IdentityEvent, { readonly kind: 'told' }>,
  { resolvePatient }: TellByMessageDeps,
): Promise<HeardEvent> {
  const request = { claim: told.claim, custodian: custodianOf(hearing) }
  const { patient, doubt } = await resolvePatient(db, request)
  // A person who is known by the member's ids alone is known here by the studies that come.
  if (doubt === 'no-national-id') return { act: 'update' }
  return { patient: patient ?? undefined, act: 'update', doubt }
}

async function merge(
  db: PoolClient,
  hearing: HearingEvent,
  { survivor, replaced }: Extract<IdentityEvent, { readonly kind: 'merged' }>,
  deps: TellByMessageDeps,
): Promise<HeardEvent> {
  const custodian = custodianOf(hearing)
  const [gone, kept] = [readAll(replaced, deps.rules), readAll(survivor.ids, deps.rules)]
  if (gone.some(({ kind }) => kind === 'common'))
    throw new HubError('forbidden', 'National ids are linked by an identity clerk’s systems alone')
  const own = kept.filter(({ kind }) => kind === 'local')
  const heard = await tell(db, hearing, { kind: 'told', patient: survivor }, deps)
  const patient = heard.patient ?? (await ownerOf(db, [...own, ...gone], custodian))
  if (patient === undefined) return heard
  for (const one of [...own, ...gone]) {
    const owner = await ownerOf(db, [one], custodian)
    if (owner !== undefined && owner !== patient) throw twoPersons()
  }
  const held = await holdPatient(db, patient)
  const end = hearing.at.toISOString().slice(0, 10)
  const ended = gone.map((one) => ({ ...one, end: one.end ?? end }))
  for (const one of [...own, ...ended]) await keep(db, one, { patient: held, custodian })
  return { ...heard, patient: held }
}

function readAll(ids: readonly ToldId[], rules: NationalIdRules): readonly PatientIdentifier[] {
  return ids.flatMap((one) => {
    const read = readPatientIdentifier(one, rules)
    return read.ok ? [read.identifier] : []
  })
}

/** Whose the first of them is that the custodian has given. */
async function ownerOf(
  db: PoolClient,
  ids: readonly PatientIdentifier[],
  custodian: OrganizationId,
): Promise<PatientId | undefined> {
  for (const { key: system, value } of ids) {
    const owner = await findPatient(db, { system, value }, custodian)
    if (owner !== undefined) return owner
  }
  return undefined
}

function keep(
  db: PoolClient,
  { key, system, value, start, end }: PatientIdentifier,
  whose: { readonly patient: PatientId; readonly custodian: OrganizationId },
): Promise<void> {
  const tokens = identifierKeys(system, value)
  return setIdentifier(db, { system: key, value, start, end, tokens, ...whose })
}

function twoPersons(): HubError {
  return new HubError(
    'conflict',
    'The ids are of two persons here: an identity clerk has to link them, and this message comes after that',
  )
}
