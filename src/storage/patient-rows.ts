/** Every row of one patient's in the registry, whatever its type: for the hub's own work, never an answer. */
import type { ObjectFacts } from '../domain/access/filter.ts'
import type { PatientId } from '../kernel/ids.ts'
import type { Db } from './db.ts'

export interface PatientRow {
  readonly type: string
  readonly id: string
  /** Null once deleted. */
  readonly content: string | null
  readonly facts: ObjectFacts
  readonly quarantined: boolean
}

const COLUMNS = `type, id, content, quarantined, custodian, patient, study_uids as "studyUids", modalities,
  body_regions as "bodyRegions", started as "startedAt", labels`

// Types whose partitions know their patients by an index: all but those that have none, that follow what they are
// about (Provenance), and the Patients, of which the merges tell.
const OF_PATIENTS = `patient = $1 and type not in ('Patient', 'Provenance', 'Organization', 'Endpoint',
  'Practitioner', 'PractitionerRole', 'CapabilityStatement', 'StructureDefinition', 'SearchParameter',
  'OperationDefinition', 'ValueSet', 'CodeSystem')`

// Held in one order.
const LOCK_ALL = `
select ${COLUMNS} from resource
where ${OF_PATIENTS} and (type, id) > ($2, $3)
order by type, id limit 200 for update`

const LOCK_ONE = `select ${COLUMNS} from resource where type = $1 and id = $2 and patient = $3 for update`

type Row = Omit<PatientRow, 'facts'> & ObjectFacts

/**
 * Page by page, each held until the transaction ends; deleted ones too. Without the Patient itself and the
 * Provenances of its material.
 */
export async function* lockPatientRows(db: Db, patient: PatientId): AsyncGenerator<PatientRow> {
  let after: Pick<PatientRow, 'type' | 'id'> | undefined = { type: '', id: '' }
  while (after !== undefined) {
    const values: readonly unknown[] = [patient, after.type, after.id]
    const { rows }: { readonly rows: readonly Row[] } = await db.query<Row>(LOCK_ALL, [...values])
    yield* rows.map(toPatientRow)
    after = rows.at(-1)
  }
}

/** The row, where it is the patient's. */
export async function lockPatientRow(
  db: Db,
  { type, id }: Pick<PatientRow, 'type' | 'id'>,
  patient: PatientId,
): Promise<PatientRow | undefined> {
  const { rows } = await db.query<Row>(LOCK_ONE, [type, id, patient])
  const [row] = rows
  return row && toPatientRow(row)
}

function toPatientRow({ type, id, content, quarantined, ...facts }: Row): PatientRow {
  return { type, id, content, quarantined, facts }
}

const SET_PATIENT = `update resource set patient = $3 where type = $1 and id = $2`

/** Without a new version: for a row whose content names no patient. */
export async function setPatient(
  db: Db,
  { type, id }: Pick<PatientRow, 'type' | 'id'>,
  patient: PatientId,
): Promise<void> {
  await db.query(SET_PATIENT, [type, id, patient])
}

const SET_STUDY = `update study set patient = $2 where imaging_study = $1`

/** The index follows its ImagingStudy. */
export async function setStudyPatient(
  db: Db,
  imagingStudy: string,
  patient: PatientId,
): Promise<void> {
  await db.query(SET_STUDY, [imagingStudy, patient])
}

const HAS_ROWS = `
select exists (select 1 from resource where ${OF_PATIENTS} and content is not null) as found`

/** Whether anything is the patient's. */
export async function hasPatientRows(db: Db, patient: PatientId): Promise<boolean> {
  const { rows } = await db.query<{ found: boolean }>(HAS_ROWS, [patient])
  return rows[0]?.found === true
}
