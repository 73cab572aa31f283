/** Creating the hub's Patient and adding to it what publishers tell, in the caller's transaction. */
import type { NationalId } from '../domain/identity/national-id.ts'
import type { PatientClaim } from '../domain/imaging/study.ts'
import type { PatientId } from '../kernel/ids.ts'
import type { Db } from '../storage/db.ts'
import { lockKey } from '../storage/lock-key.ts'
import { claimIdentifier } from '../storage/patient-identifiers.ts'
import { putResource, readResource } from '../storage/resources.ts'
import { isJsonObject, listOf, type JsonObject } from '../wire/fhir/json.ts'
import {
  completePatient,
  hasIdentifier,
  patientResource,
  type PatientIdentifier,
} from '../wire/fhir/patient.ts'
import { searchValues } from '../wire/fhir/search-values.ts'

interface LocalId {
  readonly system: string
  readonly value: string
}

export interface NewPatient {
  readonly id: PatientId
  /** Absent for a person whom somebody has entered by hand. */
  readonly national?: NationalId | undefined
  readonly locals: readonly LocalId[]
  readonly told: PatientClaim
  readonly at: Date
}

/** Returns `id`, or the Patient that has the national id already: then nothing is created. */
export async function createPatient(db: Db, person: NewPatient): Promise<PatientId> {
  const { id, national, told, at } = person
  if (national !== undefined) {
    const owner = await claimIdentifier(db, national, id)
    if (owner !== id) return owner
  }
  const { system = '', value = '' } = national ?? {}
  const own: PatientIdentifier[] =
    national === undefined ? [] : [{ system, value, kind: 'national' }]
  const locals = await claimLocals(db, id, person.locals)
  await store(db, patientResource(id, [...own, ...locals], told), { id, at, method: 'POST' })
  return id
}

/** The Patient's content; undefined where it is not there or was deleted. */
export async function readPatient(db: Db, id: PatientId): Promise<JsonObject | undefined> {
  const stored = await readResource(db, 'Patient', id)
  const content: unknown = JSON.parse(stored?.content ?? 'null')
  return isJsonObject(content) ? content : undefined
}

/** A person is known by some ids; a publisher that sends a new one each time is none to listen to. */
const MOST_IDENTIFIERS = 50

/** Fills in what the Patient lacks and adds the custodian's ids for it. A new version only where something is new. */
export async function completeStoredPatient(
  db: Db,
  id: PatientId,
  { locals, told, at }: Pick<NewPatient, 'locals' | 'told' | 'at'>,
): Promise<void> {
  const before = await readPatient(db, id)
  if (before === undefined || !isIncomplete(before, locals, told)) return
  await changePatient(db, { id, at }, async (patient) => {
    const room = MOST_IDENTIFIERS - listOf(patient.identifier).length
    const unknown = locals.filter((one) => !hasIdentifier(patient, one)).slice(0, Math.max(0, room))
    return completePatient(patient, await claimLocals(db, id, unknown), told)
  })
}

function isIncomplete(
  patient: JsonObject,
  locals: readonly LocalId[],
  told: PatientClaim,
): boolean {
  return (
    locals.some((one) => !hasIdentifier(patient, one)) ||
    completePatient(patient, [], told) !== undefined
  )
}

/** Reads and rewrites the Patient while nobody else does. `change` gives undefined for "leave it". */
export async function changePatient(
  db: Db,
  { id, at }: { readonly id: PatientId; readonly at: Date },
  change: (patient: JsonObject) => Promise<JsonObject | undefined>,
): Promise<void> {
  await lockKey(db, `patient/${id}`)
  const patient = await readPatient(db, id)
  const changed = patient && (await change(patient))
  if (changed !== undefined) await store(db, changed, { id, at, method: 'PUT' })
}

/** An id that another Patient has stays there: it is a help to readers and links nothing. */
async function claimLocals(
  db: Db,
  patient: PatientId,
  locals: readonly LocalId[],
): Promise<PatientIdentifier[]> {
  const claimed: PatientIdentifier[] = []
  for (const local of locals) {
    const owner = await claimIdentifier(db, local, patient)
    if (owner === patient) claimed.push({ ...local, kind: 'local' })
  }
  return claimed
}

interface Storing {
  readonly id: PatientId
  readonly at: Date
  readonly method: 'POST' | 'PUT'
}

async function store(db: Db, resource: JsonObject, { id, at, method }: Storing): Promise<void> {
  const facts = {
    custodian: null,
    patient: id,
    studyUids: [],
    modalities: [],
    bodyRegions: [],
    startedAt: null,
    labels: [],
  }
  const search = searchValues(resource)
  const row = { type: 'Patient', id, resource, facts, quarantined: false, search, at }
  await putResource(db, row, { method })
}
