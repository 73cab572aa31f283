/** What a system of an identity clerk's member feeds by messages, as others do over FHIR (ITI-104). */
import type { PoolClient } from 'pg'
import { EVERYTHING } from '../domain/access/build-filter.ts'
import {
  readPatientIdentifier,
  type PatientIdentifier,
} from '../domain/identity/patient-identifier.ts'
import { HubError } from '../kernel/errors.ts'
import type { PatientId } from '../kernel/ids.ts'
import { announceChanges } from '../storage/access-changes.ts'
import { lockCurrentRow } from '../storage/current-row.ts'
import { findPatient } from '../storage/patient-identifiers.ts'
import { putResource } from '../storage/resources.ts'
import type { JsonObject } from '../wire/fhir/json.ts'
import { toldPatient } from '../wire/fhir/told-patient.ts'
import type { IdentityEvent, ToldId, ToldPatient } from '../wire/hl7v2/adt.ts'
import { feedIdentifiers, ownersOf } from './feed-identifiers.ts'
import { makeFilePatient, type FilePatientDeps } from './file-patient.ts'
import { custodianOf, type HeardEvent, type HearingEvent } from './heard-event.ts'
import { readPatient } from './keep-patient.ts'
import { linkRecords, linkerOf } from './link-patients.ts'
import { mergePatients } from './merge-patients.ts'
import { patientPseudonym } from './patient-pseudonym.ts'
import { requireValid, type JudgeResource } from './write-deps.ts'

export interface FeedByMessageDeps extends FilePatientDeps {
  readonly validate: JudgeResource
  readonly newId: () => string
}

/** Throws `conflict` where the ids of a message are of several persons, and what filing a Patient throws. */
export function feedByMessage(
  db: PoolClient,
  hearing: HearingEvent,
  deps: FeedByMessageDeps,
): Promise<HeardEvent> {
  const { event } = hearing
  return event.kind === 'told'
    ? feed(db, hearing, event.patient, deps)
    : merge(db, hearing, event, deps)
}

async function feed(
  db: PoolClient,
  hearing: HearingEvent,
  told: ToldPatient,
  deps: FeedByMessageDeps,
): Promise<HeardEvent> {
  const { access, at, context } = hearing
  const ids = readAll(told.ids, deps)
  const known = await locate(db, ids, hearing)
  const national = ids.find((one) => one.isNational)
  const id =
    known ??
    ((national === undefined ? deps.newId() : patientPseudonym(deps.sealer, national)) as PatientId)
  const previous = await lockCurrentRow(db, { type: 'Patient', id }, EVERYTHING)
  const before = known === undefined ? undefined : await readPatient(db, known)
  const resource = withTold(before, told)
  await requireValid(deps, resource)
  const request = { access, resource, id, at, base: '', context, previous }
  const isThere = previous !== undefined && previous.content !== null
  const row = await makeFilePatient(deps)(
    db,
    isThere ? request : { ...request, previous: undefined },
  )
  await putResource(db, row, { method: isThere ? 'PUT' : 'POST' })
  return { patient: id, act: isThere ? 'update' : 'create' }
}

/** An empty field says nothing: what was there stays. */
function withTold(before: JsonObject | undefined, told: ToldPatient): JsonObject {
  const { claim } = told
  const { link: _link, meta: _meta, id: _id, ...kept } = before ?? {}
  return { ...kept, ...toldPatient({ ...told, birthDate: claim.birthDate, gender: claim.sex }) }
}

async function merge(
  db: PoolClient,
  hearing: HearingEvent,
  { survivor: told, replaced }: Extract<IdentityEvent, { readonly kind: 'merged' }>,
  deps: FeedByMessageDeps,
): Promise<HeardEvent> {
  const { access, at, context } = hearing
  const gone = readAll(replaced, deps)
  const heard = await feed(db, hearing, told, deps)
  const { patient: survivor } = heard
  if (survivor === undefined) return heard
  const old = await locate(db, gone, hearing)
  if (old !== undefined && old !== survivor) {
    const link = { replaced: old, survivor }
    const merged = await mergePatients(db, { ...link, at, by: linkerOf(access.principal) })
    const linked = { ...link, ...merged, reason: 'merged' } as const
    for (const record of linkRecords({ access, linked, at, context }))
      await deps.recordAudit(record)
    await announceChanges(db, merged.changes)
  }
  const end = at.toISOString().slice(0, 10)
  const identifiers = gone.map((one) => ({ ...one, end: one.end ?? end }))
  await feedIdentifiers(db, { patient: survivor, member: custodianOf(hearing), identifiers })
  return heard
}

function readAll(
  ids: readonly ToldId[],
  { rules }: FeedByMessageDeps,
): readonly PatientIdentifier[] {
  return ids.flatMap((one) => {
    const read = readPatientIdentifier(one, rules)
    return read.ok ? [read.identifier] : []
  })
}

/** By an id that is one person's, else by one of the member's own. */
async function locate(
  db: PoolClient,
  ids: readonly PatientIdentifier[],
  hearing: HearingEvent,
): Promise<PatientId | undefined> {
  const [owner, ...others] = await ownersOf(db, ids)
  if (others.length > 0)
    throw new HubError(
      'conflict',
      'The ids of the message are of several persons: merge them first',
    )
  if (owner !== undefined) return owner
  for (const { key: system, value } of ids) {
    const found = await findPatient(db, { system, value }, custodianOf(hearing))
    if (found !== undefined) return found
  }
  return undefined
}
