/**
 * How the hot queries are answered among many rows: by which index, and never by reading a table. What is asked
 * here is what the hub prints, for callers as it has them.
 */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import pg from 'pg'
import type { AccessFilter } from '../../src/domain/access/filter.ts'
import type { OrganizationId, PatientId } from '../../src/kernel/ids.ts'
import type { Db } from '../../src/storage/db.ts'
import { readHistory } from '../../src/storage/resource-history.ts'
import { searchResources } from '../../src/storage/resource-search.ts'
import { readVisibleResource } from '../../src/storage/visible-resources.ts'
import type { Visibility } from '../../src/storage/visibility-sql.ts'
import type { Condition, DateTest, Inclusion, Search } from '../../src/wire/fhir/search.ts'
import { createDatabase } from '../support/database.ts'
import { loadStudies, type LoadedStudies } from '../support/load-studies.ts'
import { searchOf } from '../support/rows.ts'

const CUSTODIANS = ['a', 'b', 'c', 'd', 'e', 'f'].map(
  (letter) => `${letter}0000000-0000-4000-8000-000000000000`,
)
const STUDIES = 20_000

interface Node {
  readonly 'Node Type': string
  readonly 'Relation Name'?: string
  readonly 'Index Name'?: string
  readonly 'Index Cond'?: string
  readonly Plans?: readonly Node[]
}

interface Plan {
  /** Tables and indexes that are read from one end to the other. */
  readonly scanned: readonly string[]
  readonly indexes: readonly string[]
}

function nodesOf(node: Node): readonly Node[] {
  return [node, ...(node.Plans ?? []).flatMap(nodesOf)]
}

function planOf(root: Node): Plan {
  const nodes = nodesOf(root)
  return {
    scanned: nodes.flatMap((node) => {
      const isWhole = /^(Seq|Index|Index Only) Scan$/.test(node['Node Type'])
      return isWhole && node['Index Cond'] === undefined ? [node['Relation Name'] ?? ''] : []
    }),
    indexes: nodes.flatMap((node) => node['Index Name'] ?? []),
  }
}

const { pool } = await createDatabase({ after })

/** Explains every statement as it is run. */
function explaining(plans: Plan[]): Db {
  const query = async (config: string | pg.QueryConfig, values?: unknown[]) => {
    const { text, values: own = values } = typeof config === 'string' ? { text: config } : config
    if (/^\s*(select|with)/.test(text)) {
      const { rows } = await pool.query<{ 'QUERY PLAN': readonly { readonly Plan: Node }[] }>(
        `explain (format json) ${text}`,
        own,
      )
      plans.push(...rows.flatMap((row) => row['QUERY PLAN'].map((one) => planOf(one.Plan))))
    }
    return pool.query(text, own)
  }
  return { query } as unknown as Db
}

async function plansOf(work: (db: Db) => Promise<unknown>): Promise<Plan> {
  const plans: Plan[] = []
  await work(explaining(plans))
  assert.notEqual(plans.length, 0)
  return {
    scanned: plans.flatMap(({ scanned }) => scanned),
    indexes: plans.flatMap(({ indexes }) => indexes),
  }
}

/** No table is read whole, and the indexes are among those used. */
async function assertServed(
  work: (db: Db) => Promise<unknown>,
  ...indexes: readonly RegExp[]
): Promise<void> {
  const plan = await plansOf(work)
  assert.deepEqual(plan.scanned, [])
  for (const index of indexes)
    assert.ok(
      plan.indexes.some((name) => index.test(name)),
      `${String(index)} is not among ${plan.indexes.join(', ')}`,
    )
}

let loaded: LoadedStudies

const one = <Value>([first]: readonly Value[]): Value => {
  assert.ok(first !== undefined)
  return first
}
const patient = (): string => one(loaded.twenty).id
const custodians = (...at: number[]): AccessFilter => ({
  kind: 'custodian',
  in: at.map((index) => CUSTODIANS[index] as OrganizationId),
})
/** A clinician's, for one patient of all custodians that share. */
const caring = (): AccessFilter => ({
  kind: 'and',
  of: [{ kind: 'patient', is: patient() as PatientId }, custodians(0, 1, 2, 3, 4, 5)],
})

const seen = (filter: AccessFilter): Visibility =>
  new Map(['Patient', 'ImagingStudy', 'DiagnosticReport'].map((type) => [type, filter] as const))
const search =
  (type: string, over: Partial<Search>, filter: AccessFilter = custodians(0, 1, 2, 3, 4, 5)) =>
  (db: Db) =>
    searchResources(db, {
      search: searchOf(type, { count: 50, ...over }),
      visibility: seen(filter),
    })

const ofPatient = (): Condition => ({ kind: 'patient', anyOf: [patient()] })
const keys = (...anyOf: string[]): Condition => ({ kind: 'keys', anyOf })
const since = (iso: string, prefix: DateTest['prefix'] = 'ge') => ({
  prefix,
  value: { from: new Date(iso), until: new Date(Date.parse(iso) + 86_400_000) },
})
const dated = (...anyOf: DateTest[]): Condition => ({
  ...{ kind: 'date', place: { in: 'clinical-date' }, anyOf },
})
const NEWEST = [{ by: { in: 'clinical-date' }, descending: true }] as const
const reportOf: Inclusion = {
  ...{ type: 'DiagnosticReport', link: { code: 'imaging-study' }, targets: ['ImagingStudy'] },
  iterate: false,
}

before(async () => {
  loaded = await loadStudies(pool, { studies: STUDIES, custodians: CUSTODIANS })
})

describe('one patient’s material', () => {
  it('is a range of the index on patient and date', async () => {
    const timeline = { conditions: [ofPatient()], sort: NEWEST }
    await assertServed(search('ImagingStudy', timeline, caring()), /imaging_study_patient_date/)
    await assertServed(search('DiagnosticReport', timeline, caring()), /report_patient_date/)
    await assertServed(search('ImagingStudy', { conditions: [ofPatient()] }), /_patient_date/)
  })

  it('is that range also in a plan made for any patient', async () => {
    const texts: pg.QueryConfig[] = []
    const spying = {
      query: (config: pg.QueryConfig) => {
        texts.push(config)
        return pool.query(config)
      },
    }
    await search(
      'ImagingStudy',
      { conditions: [ofPatient()], sort: NEWEST },
      caring(),
    )(spying as unknown as Db)
    const { name, text, values = [] } = one(texts)
    assert.equal(typeof name, 'string')
    const literals = values.map((value) =>
      Array.isArray(value) ? `'{${value.join(',')}}'` : pg.escapeLiteral(String(value)),
    )
    const client = await pool.connect()
    try {
      await client.query(`prepare timeline as ${text}`)
      await client.query('set plan_cache_mode = force_generic_plan')
      const { rows } = await client.query<{ 'QUERY PLAN': [{ Plan: Node }] }>(
        `explain (format json) execute timeline (${literals.join(', ')})`,
      )
      const { scanned, indexes } = planOf(one(one(rows)['QUERY PLAN']).Plan)
      assert.deepEqual(scanned, [])
      assert.deepEqual(indexes, ['resource_imaging_study_patient_date_from_idx'])
    } finally {
      client.release(true)
    }
  })

  it('is found by the patient’s identifier', async () => {
    const { number } = one(loaded.twenty)
    const anyOf = [`identifier|urn:oid:2.16.578.1.12.4.1.4.1|${number}`]
    const conditions: Condition[] = [{ kind: 'patient-identifier', anyOf }]
    await assertServed(
      search('ImagingStudy', { conditions, sort: NEWEST }, caring()),
      /patient_keys/,
      /imaging_study_patient_date/,
    )
  })
})

describe('a study', () => {
  it('is found by its UID and its accession number', async () => {
    const { uid, accession } = one(loaded.samples)
    await assertServed(
      search('ImagingStudy', { conditions: [keys(`identifier|urn:dicom:uid|${uid}`)] }),
      /imaging_study_keys/,
    )
    await assertServed(
      search('ImagingStudy', { conditions: [keys(`identifier|${accession}`)] }),
      /imaging_study_keys/,
    )
  })

  it('is found among its custodian’s by modality and date', async () => {
    const conditions: Condition[] = [
      keys('modality|MR'),
      { kind: 'custodian', anyOf: CUSTODIANS.slice(1, 2) },
      dated(since('2026-05-01T00:00:00Z')),
    ]
    const index = /imaging_study_(custodian_date|keys)/
    await assertServed(search('ImagingStudy', { conditions }, custodians(1)), index)
    await assertServed(search('ImagingStudy', { conditions, sort: NEWEST }, custodians(1)), index)
    const day = [keys('modality|MR'), dated(since('2020-05-01T00:00:00Z', 'eq'))]
    await assertServed(search('ImagingStudy', { conditions: day }, custodians(1)), index)
  })

  it('is found by what changed since a time', async () => {
    const conditions: Condition[] = [
      {
        kind: 'date',
        place: { in: 'last-updated' },
        anyOf: [since('2026-05-20T00:00:00Z')],
      },
    ]
    const sort = [{ by: { in: 'last-updated' }, descending: false }] as const
    await assertServed(search('ImagingStudy', { conditions, sort }), /last_updated/)
    const position = ['2026-05-20T10:00:00.000Z', 'some-id']
    await assertServed(
      (db) =>
        searchResources(db, {
          search: searchOf('ImagingStudy', { conditions, sort, count: 50 }),
          visibility: seen(custodians(0, 1)),
          after: position,
        }),
      /last_updated/,
    )
  })
})

describe('a key that no row was seen to have', () => {
  // Expected of one row in 200, it would send every search for one study through all ids once there are a million.
  it('is expected of few rows', async () => {
    const { rows } = await pool.query<{ 'QUERY PLAN': [{ Plan: { 'Plan Rows': number } }] }>(
      `explain (format json) select from resource_imaging_study
        where keys && array[search_key('identifier|unheard of')]`,
    )
    assert.ok(one(one(rows)['QUERY PLAN']).Plan['Plan Rows'] <= STUDIES / 1000)
  })
})

describe('what refers and is referred to', () => {
  it('is found by the study that a report is about', async () => {
    const { rows } = await pool.query<{ id: string }>(
      'select id from resource_imaging_study limit 1',
    )
    const { id } = one(rows)
    await assertServed(
      search('DiagnosticReport', { conditions: [keys(`imaging-study|ImagingStudy/${id}`)] }),
      /report_keys/,
    )
  })

  it('is found along a chain, from the patient’s rows and from the patients', async () => {
    const born: Condition = {
      kind: 'chain',
      link: { code: 'patient', column: 'patient' },
      target: 'Patient',
      of: [
        { kind: 'text', code: 'family', match: 'begins', anyOf: ['solberg'] },
        dated(since('1970-04-10T00:00:00Z', 'eq')),
      ],
    }
    await assertServed(search('ImagingStudy', { conditions: [ofPatient(), born] }, caring()))
    await assertServed(
      search('ImagingStudy', { conditions: [born] }),
      /resource_patient_(date_from|keys)/,
      /imaging_study_patient_date/,
    )
  })

  it('comes along by its key', async () => {
    const timeline = { conditions: [ofPatient()], sort: NEWEST }
    await assertServed(
      search('DiagnosticReport', { ...timeline, include: [reportOf] }, caring()),
      /report_patient_date/,
      /imaging_study_pkey|imaging_study_patient_date/,
    )
    await assertServed(
      search('ImagingStudy', { ...timeline, revinclude: [reportOf] }, caring()),
      /imaging_study_patient_date/,
      /report_(keys|patient_date)/,
    )
  })

  it('is asked of what refers, row by row where few are left', async () => {
    const { uid } = one(loaded.samples)
    const has: Condition = {
      kind: 'has',
      source: 'DiagnosticReport',
      link: { code: 'imaging-study' },
      of: [keys('status|final')],
    }
    await assertServed(search('ImagingStudy', { conditions: [ofPatient(), has] }, caring()))
    await assertServed(
      search('ImagingStudy', { conditions: [keys(`identifier|${uid}`), has] }),
      /imaging_study_keys/,
      /report_keys/,
    )
  })
})

describe('one resource', () => {
  it('is read by its id, with its history, and a patient is known by some material', async () => {
    const { rows } = await pool.query<{ id: string }>('select id from resource_report limit 1')
    const { id } = one(rows)
    const visibility = seen(custodians(0, 1, 2, 3, 4, 5))
    const name = { type: 'DiagnosticReport', id }
    await assertServed((db) => readVisibleResource(db, name, visibility), /report_pkey/)
    await assertServed(
      (db) => readHistory(db, { ...name, count: 50 }, visibility),
      /report_pkey/,
      /resource_version/,
    )
    await assertServed(
      (db) => readVisibleResource(db, { type: 'Patient', id: patient() }, visibility),
      /resource_patient_pkey/,
      /imaging_study_patient_date/,
    )
  })
})
