/** What a registry is asked all day, and by whom. */
import type { Caller } from './callers.ts'
import type { World } from './world.ts'

export interface Asked {
  readonly caller: Caller
  /** Below the FHIR base. */
  readonly path: string
}

export interface Question {
  readonly name: string
  /** Least ratio of the hub's rate to the bare peer's. */
  readonly mark: number
  /** Least rate. */
  readonly perSecond?: number
  /** Least ratio of the search service's own rate to the bare peer's. */
  readonly serviceMark?: number
  ask(world: World): Promise<readonly Asked[]>
}

const CALLERS = 64
const MONTHS = 24

export const TIMELINE: Question = {
  name: 'patient timeline, 20 studies',
  mark: 0.3,
  perSecond: 1_000,
  serviceMark: 0.7,
  ask: (world) => ofPatients(world, (id) => `/ImagingStudy?patient=${id}&_sort=-started&_count=50`),
}

export const QUESTIONS: readonly Question[] = [
  TIMELINE,
  { name: 'read by id', mark: 0.35, ask: readsOf },
  {
    name: 'search by modality, status and period',
    mark: 0.3,
    ask: (world) =>
      ofArchive(
        world,
        months().map(([from, until]) => {
          const period = `started=ge${from}&started=lt${until}`
          return `/ImagingStudy?modality=MR&status=available&${period}&_sort=-started&_count=20`
        }),
      ),
  },
  {
    name: 'search by patient, status and time',
    mark: 0.3,
    ask: (world) =>
      ofPatients(
        world,
        (id) =>
          `/DiagnosticReport?patient=${id}&status=final&issued=ge2020&_sort=-issued&_count=20`,
      ),
  },
  {
    name: 'chained: reports of a study by its UID',
    mark: 0.3,
    ask: (world) =>
      ofArchive(
        world,
        world.loaded.samples.map(
          ({ uid }) => `/DiagnosticReport?imaging-study.identifier=urn:dicom:uid|urn:oid:${uid}`,
        ),
      ),
  },
  {
    name: 'chained: studies by name and birth date',
    mark: 0.3,
    ask: (world) =>
      ofArchive(
        world,
        BIRTHS.map(
          (birth) => `/ImagingStudy?patient.name=Berg&patient.birthdate=${birth}&_count=20`,
        ),
      ),
  },
  {
    name: '_include and _revinclude, 20 studies with reports and patient',
    mark: 0.3,
    ask: (world) =>
      ofPatients(
        world,
        (id) =>
          `/ImagingStudy?patient=${id}&_include=ImagingStudy:patient` +
          '&_revinclude=DiagnosticReport:imaging-study&_count=20',
      ),
  },
]

/** Of the first family's first given name (test/support/synthetic-studies.ts). */
const BIRTHS = ['1930-01-01', '1934-02-02', '1938-03-03', '1942-04-04', '1946-05-05', '1950-06-06']

async function ofPatients(world: World, path: (patient: string) => string): Promise<Asked[]> {
  const callers = await world.clinicians(CALLERS)
  return callers.map((caller) => ({ caller, path: path(caller.patient?.id ?? '') }))
}

async function ofArchive(world: World, paths: readonly string[]): Promise<Asked[]> {
  const caller = await world.archive()
  return paths.map((path) => ({ caller, path }))
}

const STUDIES_OF = `
select id, patient from resource where type = 'ImagingStudy' and patient = any($1) order by patient, id`

async function readsOf(world: World): Promise<Asked[]> {
  const callers = await world.clinicians(CALLERS)
  const { rows } = await world.pool.query<{ id: string; patient: string }>(STUDIES_OF, [
    callers.map(({ key }) => key),
  ])
  const byKey = new Map(callers.map((caller) => [caller.key, caller]))
  return rows.flatMap(({ id, patient }) => {
    const caller = byKey.get(patient)
    return caller === undefined ? [] : [{ caller, path: `/ImagingStudy/${id}` }]
  })
}

function months(): (readonly [string, string])[] {
  const first = (month: number): string =>
    new Date(Date.UTC(2024, month, 1)).toISOString().slice(0, 10)
  return Array.from({ length: MONTHS }, (_, month) => [first(month), first(month + 1)] as const)
}
