/**
 * A region's registry in a few minutes: patients with 1 to 300 studies, each with its report, by COPY, and the
 * indexes afterwards. Keys are hashed by the database, as everywhere.
 */
import { createHash } from 'node:crypto'
import type pg from 'pg'
import { copyIn } from './copy-in.ts'
import { seededRandom, type Random } from './random.ts'
import { STAGED_COLUMNS, type Filling } from './row-template.ts'
import { MARK, PATIENT_TEMPLATES, STUDY_TEMPLATES } from './synthetic-studies.ts'

export interface LoadRequest {
  readonly studies: number
  /** The first has the most: each following one half as much, down to a hundredth. */
  readonly custodians: readonly string[]
  readonly seed?: number
  readonly onProgress?: (studies: number) => void
}

export interface LoadedPatient {
  readonly id: string
  /** National id (synthetic). */
  readonly number: string
  readonly studies: number
}

export interface LoadedStudies {
  readonly patients: number
  readonly studies: number
  /** Some patients of about this many studies. */
  readonly one: readonly LoadedPatient[]
  readonly twenty: readonly LoadedPatient[]
  readonly most: readonly LoadedPatient[]
  /** UIDs and accession numbers of some studies. */
  readonly samples: readonly { readonly uid: string; readonly accession: string }[]
}

const STAGE = `
create temporary table stage (last_updated timestamptz(3), date_from timestamptz(3), date_until timestamptz(3),
  started timestamptz(3), type text, id text, custodian text, patient text, study_uids text[], modalities text[],
  body_regions text[], keys text[], refs text[], compared jsonb, content text);
-- what is compressed here would arrive so
alter table stage alter column content set storage external`

const COPY = `copy stage (${STAGED_COLUMNS.join(', ')}) from stdin`

const columns = STAGED_COLUMNS.join(', ')
const MOVE = `
insert into resource (${columns})
select ${columns.replace('keys', 'row_keys(id, keys)')} from stage;
insert into patient_identifier (system, value, patient)
select content::jsonb->'identifier'->0->>'system', content::jsonb->'identifier'->0->>'value', id
  from stage where type = 'Patient';
truncate stage`

const PAGE = 4_000
const MOST_STUDIES = 300
const YEARS = 12
const SAMPLES = 200

/** Needs a migrated database; gathers statistics at the end. */
export async function loadStudies(pool: pg.Pool, request: LoadRequest): Promise<LoadedStudies> {
  const client = await pool.connect()
  try {
    await client.query(`set statement_timeout = 0; set synchronous_commit = off; ${STAGE}`)
    await client.query(`set maintenance_work_mem = '64MB'; set max_parallel_maintenance_workers = 0;
      alter table resource disable trigger user`)
    // A GIN index that is built in one sweep is half empty: in several it is as full as one that grew.
    const indexes = await dropIndexes(client)
    const loaded = await loadRows(client, request)
    for (const statement of indexes) await client.query(statement)
    await client.query('alter table resource enable trigger user')
    await client.query('vacuum (analyze) resource, patient_identifier')
    return loaded
  } finally {
    client.release(true)
  }
}

async function loadRows(client: pg.PoolClient, request: LoadRequest): Promise<LoadedStudies> {
  const world = makeWorld(request)
  let moving: Promise<unknown> = Promise.resolve()
  while (world.studies < request.studies) {
    // The next page is made while the database takes this one.
    const lines = world.page()
    await moving
    await copyIn(client, COPY, lines)
    moving = client.query(MOVE)
    request.onProgress?.(world.studies)
  }
  await moving
  return world.loaded()
}

const INDEXES = `
select i.indexrelid::regclass::text as name, i.indrelid::regclass::text as relation, i.indisprimary as "isPrimary",
       replace(pg_get_indexdef(i.indexrelid), ' ON ONLY ', ' ON ') as definition,
       pg_get_constraintdef(k.oid) as key
  from pg_index i
  join pg_class c on c.oid = i.indexrelid
  left join pg_constraint k on k.conindid = i.indexrelid and i.indisprimary
 where not c.relispartition and i.indrelid::regclass::text ~ '^resource(_patient|_imaging_study|_report)?$'`

interface IndexRow {
  readonly name: string
  readonly relation: string
  readonly isPrimary: boolean
  readonly definition: string
  readonly key: string | null
}

/** Returns the statements that make them again. */
async function dropIndexes(client: pg.PoolClient): Promise<readonly string[]> {
  const { rows } = await client.query<IndexRow>(INDEXES)
  for (const { name, relation, isPrimary } of rows)
    await client.query(
      isPrimary ? `alter table ${relation} drop constraint ${name}` : `drop index ${name}`,
    )
  return rows.map(({ relation, definition, key }) =>
    key === null ? definition : `alter table ${relation} add ${key}`,
  )
}

interface World {
  readonly studies: number
  /** Lines of about `PAGE` studies with their reports, and of the patients that are new. */
  page(): string
  loaded(): LoadedStudies
}

function makeWorld({ studies: wanted, custodians, seed = 1 }: LoadRequest): World {
  const random = seededRandom(seed)
  const state = { studies: 0, patients: 0 }
  const one: LoadedPatient[] = []
  const twenty: LoadedPatient[] = []
  const most: LoadedPatient[] = []
  const samples: { uid: string; accession: string }[] = []

  function patientLines(): string[] {
    const patient = patientOf((state.patients += 1), studiesOf(random, state.patients))
    const count = Math.min(patient.studies, wanted - state.studies)
    const marks = { [MARK.patient]: patient.id, [MARK.number]: patient.number }
    const template = pick(PATIENT_TEMPLATES, random)
    const lines = [template({ marks, time: timeOf(random) })]
    for (let n = 0; n < count; n += 1) lines.push(...studyLines(patient.id))
    keep(patient)
    return lines
  }

  function studyLines(patient: string): string[] {
    const n = (state.studies += 1)
    const { filling, uid, accession } = fillingOf(n, patient)
    if (samples.length < SAMPLES) samples.push({ uid, accession })
    const { study, report } = pick(STUDY_TEMPLATES, random)
    return [study(filling), report({ ...filling, time: filling.time + 3_600_000 })]
  }

  function fillingOf(n: number, patient: string) {
    const uid = `2.25.${String(10n ** 36n + BigInt(n) * 7919n)}`
    const accession = `A${String(n).padStart(9, '0')}`
    const marks: Record<string, string> = {
      [MARK.study]: idOf('study', n),
      [MARK.report]: idOf('report', n),
      [MARK.patient]: patient,
      [MARK.custodian]: custodianOf(custodians, random),
      [MARK.uid]: uid,
      [MARK.accession]: accession,
      [MARK.number]: String(n),
    }
    const filling: Filling = { marks, time: timeOf(random) }
    return { filling, uid, accession }
  }

  function keep(patient: LoadedPatient): void {
    const list = patient.studies === 1 ? one : patient.studies === 20 ? twenty : undefined
    if (list !== undefined && list.length < SAMPLES) list.push(patient)
    if (patient.studies === MOST_STUDIES && most.length < SAMPLES) most.push(patient)
  }

  return {
    get studies() {
      return state.studies
    },
    page() {
      const end = Math.min(wanted, state.studies + PAGE)
      const lines: string[] = []
      while (state.studies < end) lines.push(...patientLines())
      return lines.join('')
    },
    loaded: () => ({ ...state, one, twenty, most, samples }),
  }
}

/** Most have a few, some have many; every hundredth has twenty and every thousandth three hundred. */
function studiesOf(random: Random, patient: number): number {
  if (patient % 1000 === 500) return MOST_STUDIES
  if (patient % 100 === 1) return 20
  return Math.min(MOST_STUDIES, Math.floor(random() ** -0.75))
}

function patientOf(n: number, studies: number): LoadedPatient {
  return { id: idOf('patient', n), number: syntheticNumber(n), studies }
}

/** Of a series no person has: the month is 80 higher. */
function syntheticNumber(n: number): string {
  const two = (value: number): string => String(value).padStart(2, '0')
  const [day, month, year] = [
    1 + (n % 28),
    81 + (Math.floor(n / 28) % 12),
    Math.floor(n / 336) % 100,
  ]
  return `${two(day)}${two(month)}${two(year)}${String(10_000 + (Math.floor(n / 33_600) % 90_000))}`
}

/** As random as the hub's own, and the same in every run. */
function idOf(what: string, n: number): string {
  const hex = createHash('md5')
    .update(`${what} ${String(n)}`)
    .digest('hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20)}`
}

const NEWEST = Date.UTC(2026, 5, 1)

function timeOf(random: Random): number {
  const age = Math.floor(random() ** 1.5 * YEARS * 365.25 * 86_400)
  return NEWEST - age * 1000
}

function custodianOf(custodians: readonly string[], random: Random): string {
  const at = Math.min(custodians.length - 1, Math.floor(-Math.log2(random() || 0.01)))
  return custodians[at] ?? ''
}

function pick<Value>(
  values: readonly [Value, ...Value[]] | readonly Value[],
  random: Random,
): Value {
  const value = values[Math.floor(random() * values.length)]
  if (value === undefined) throw new Error('Nothing to pick from')
  return value
}
