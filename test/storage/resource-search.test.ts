import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { PatientId } from '../../src/kernel/ids.ts'
import { searchResources } from '../../src/storage/resource-search.ts'
import type { Visibility } from '../../src/storage/visibility-sql.ts'
import type { Condition, DateTest, NumberTest, Search } from '../../src/wire/fhir/search.ts'
import { createDatabase } from '../support/database.ts'
import { momentOf, putRow, searchOf, seeing } from '../support/rows.ts'

const { pool } = await createDatabase({ after })

const EVERYTHING = seeing(
  ...['Patient', 'ImagingStudy', 'DiagnosticReport', 'Observation', 'Organization', 'Endpoint'],
)

async function find(
  type: string,
  conditions: readonly Condition[],
  visibility: Visibility = EVERYTHING,
): Promise<string[]> {
  const search = searchOf(type, { conditions })
  const { matches } = await searchResources(pool, { search, visibility })
  const counted = await searchResources(pool, {
    search: { ...search, countOnly: true },
    visibility,
  })
  assert.equal(counted.total, matches.length)
  return matches.map(({ id }) => id)
}

const keys = (...anyOf: string[]): Condition => ({ kind: 'keys', anyOf })
const date = (prefix: DateTest['prefix'], from: string, until: string): DateTest => ({
  prefix,
  value: { from: new Date(from), until: new Date(until) },
})
const number = (prefix: NumberTest['prefix'], value: string, low: string, high: string) => ({
  prefix,
  value,
  low,
  high,
})

before(async () => {
  await putRow(pool, {
    type: 'Patient',
    id: 'ola',
    search: {
      keys: ['identifier', 'identifier|s|1', 'family', 'family^nor', 'family:exact|Nordmann'],
      compared: { s: { family: ['nordmann'], name: ['nordmann', 'ola'] } },
      date: { from: new Date('1980-01-01'), until: new Date('1981-01-01') },
    },
  })
  await putRow(pool, {
    type: 'Patient',
    id: 'kari',
    search: { keys: ['family', 'family^no%'], compared: { s: { family: ['no%"\\\'mann'] } } },
  })
  await putRow(pool, { type: 'Patient', id: 'unseen', search: { keys: ['family'] } })
  await putRow(pool, {
    type: 'Organization',
    id: 'org',
    search: { keys: ['name', 'name^hos'], compared: { s: { name: ['hospital'] } } },
  })
  await putRow(pool, {
    type: 'Endpoint',
    id: 'end',
    search: { keys: ['status', 'status|active'], refs: [] },
  })
  await putRow(pool, {
    type: 'ImagingStudy',
    id: 'ct',
    patient: 'ola',
    custodian: 'org',
    studies: ['1.2'],
    search: {
      keys: ['modality', 'modality|CT', 'endpoint', 'endpoint|Endpoint/end', 'identifier|1.2'],
      refs: ['endpoint|Endpoint/end'],
      date: momentOf('2026-01-02T03:04:05.000Z'),
    },
  })
  await putRow(pool, {
    type: 'ImagingStudy',
    id: 'mr',
    patient: 'kari',
    custodian: 'other',
    search: { keys: ['modality', 'modality|MR'], date: momentOf('2026-03-01T00:00:00.000Z') },
  })
  await putRow(pool, { type: 'ImagingStudy', id: 'bare', custodian: 'org' })
  await putRow(pool, {
    type: 'ImagingStudy',
    id: 'doubted',
    patient: 'ola',
    quarantined: true,
    search: { keys: ['modality|CT'] },
  })
  await putRow(pool, {
    type: 'DiagnosticReport',
    id: 'report',
    patient: 'ola',
    custodian: 'org',
    studies: ['1.2'],
    search: {
      keys: ['status', 'status|final', 'imaging-study', 'imaging-study|ImagingStudy/ct'],
      refs: ['imaging-study|ImagingStudy/ct'],
      compared: {
        d: { date: [['2026-01-01T00:00:00.000Z', '2026-02-01T00:00:00.000Z']] },
      },
    },
  })
  await putRow(pool, {
    type: 'Observation',
    id: 'dose',
    patient: 'ola',
    search: {
      keys: ['value-quantity', 'code-value', 'code|dose'],
      compared: {
        n: { factor: [{ low: '1.50', high: '1.50' }] },
        q: {
          'value-quantity': [
            { low: '10', high: '20', system: 'u', code: 'mGy', unit: 'milligray' },
          ],
        },
        c: {
          'code-value': [
            [{ k: ['|dose'] }, { q: [{ low: '10', high: '10', code: 'mGy' }], s: ['tall'] }],
            [{ k: ['|rate'] }, { q: [{ low: '3', high: '3' }] }],
          ],
        },
      },
    },
  })
  await putRow(pool, {
    type: 'Observation',
    id: 'odd',
    search: {
      keys: ['value-quantity'],
      compared: {
        n: { factor: [{ low: '1e9999', high: 'many' }] },
        d: { when: [['yesterday', '2026-02-31T00:00:00Z']] },
      },
    },
  })
})

describe('conditions of a search', () => {
  it('finds by any key of a condition and all conditions', async () => {
    assert.deepEqual(await find('ImagingStudy', [keys('modality|CT', 'modality|MR')]), ['ct', 'mr'])
    assert.deepEqual(await find('ImagingStudy', [keys('modality|CT'), keys('endpoint')]), ['ct'])
    assert.deepEqual(await find('ImagingStudy', [keys('modality|CT'), keys('modality|MR')]), [])
    const many = Array.from({ length: 20 }, (_, index) => `modality|${index}`)
    assert.deepEqual(await find('ImagingStudy', [keys(...many, 'modality|MR')]), ['mr'])
    assert.deepEqual(await find('ImagingStudy', [keys()]), [])
  })

  it('finds by id, patient and custodian', async () => {
    assert.deepEqual(await find('ImagingStudy', [{ kind: 'id', anyOf: ['ct', 'none'] }]), ['ct'])
    assert.deepEqual(await find('ImagingStudy', [{ kind: 'patient', anyOf: ['ola'] }]), ['ct'])
    assert.deepEqual(await find('ImagingStudy', [{ kind: 'patient', anyOf: ['ola', 'kari'] }]), [
      'ct',
      'mr',
    ])
    assert.deepEqual(await find('ImagingStudy', [{ kind: 'custodian', anyOf: ['org'] }]), [
      'bare',
      'ct',
    ])
  })

  it('takes texts literally, as the beginning or a part of what is there', async () => {
    const text = (match: 'begins' | 'contains', ...anyOf: string[]): Condition => ({
      ...{ kind: 'text', code: 'family', match, anyOf },
    })
    const material = [['ola', 'ct']] as const
    assert.equal(material.length, 1)
    assert.deepEqual(await find('Patient', [text('begins', 'nord')]), ['ola'])
    assert.deepEqual(await find('Patient', [text('begins', 'no')]), ['kari', 'ola'])
    assert.deepEqual(await find('Patient', [text('begins', 'no%')]), ['kari'])
    assert.deepEqual(await find('Patient', [text('contains', `"\\'`)]), ['kari'])
    assert.deepEqual(await find('Patient', [text('contains', 'mann')]), ['kari', 'ola'])
    assert.deepEqual(await find('Patient', [text('contains', '%mann')]), [])
    assert.deepEqual(await find('Patient', [text('begins', 'mann')]), [])
  })

  it('compares a clinical date and the others as intervals', async () => {
    const started = (...anyOf: DateTest[]): Condition => ({
      ...{ kind: 'date', place: { in: 'clinical-date' }, anyOf },
    })
    const january = ['2026-01-01T00:00:00Z', '2026-02-01T00:00:00Z'] as const
    assert.deepEqual(await find('ImagingStudy', [started(date('eq', ...january))]), ['ct'])
    assert.deepEqual(await find('ImagingStudy', [started(date('ne', ...january))]), ['mr'])
    assert.deepEqual(await find('ImagingStudy', [started(date('gt', ...january))]), ['mr'])
    assert.deepEqual(await find('ImagingStudy', [started(date('ge', ...january))]), ['ct', 'mr'])
    assert.deepEqual(await find('ImagingStudy', [started(date('le', ...january))]), ['ct'])
    assert.deepEqual(await find('ImagingStudy', [started(date('lt', ...january))]), [])
    const issued = (test: DateTest): Condition => ({
      ...{ kind: 'date', place: { in: 'compared', code: 'date' }, anyOf: [test] },
    })
    assert.deepEqual(await find('DiagnosticReport', [issued(date('eq', ...january))]), ['report'])
    assert.deepEqual(await find('DiagnosticReport', [issued(date('sa', ...january))]), [])
    assert.deepEqual(
      await find('DiagnosticReport', [
        issued(date('ap', '2026-01-31T00:00:00Z', '2026-03-01T00:00:00Z')),
      ]),
      ['report'],
    )
  })

  it('compares numbers exactly, and takes no harm from what is none', async () => {
    const factor = (...anyOf: NumberTest[]): Condition => ({
      kind: 'number',
      code: 'factor',
      anyOf,
    })
    assert.deepEqual(await find('Observation', [factor(number('eq', '1.5', '1.45', '1.55'))]), [
      'dose',
    ])
    assert.deepEqual(await find('Observation', [factor(number('gt', '1.5', '1.45', '1.55'))]), [])
    assert.deepEqual(await find('Observation', [factor(number('ge', '1.5', '1.45', '1.55'))]), [
      'dose',
    ])
    assert.deepEqual(await find('Observation', [factor(number('ne', '2', '1.5', '2.5'))]), [])
  })

  it('compares quantities by system and code, or by unit where no system is asked for', async () => {
    const value = (over: object): Condition => ({
      kind: 'quantity',
      code: 'value-quantity',
      anyOf: [{ ...number('ge', '15', '14.5', '15.5'), ...over }],
    })
    assert.deepEqual(await find('Observation', [value({})]), ['dose'])
    assert.deepEqual(await find('Observation', [value({ code: 'milligray' })]), ['dose'])
    assert.deepEqual(await find('Observation', [value({ system: 'u', code: 'mGy' })]), ['dose'])
    assert.deepEqual(await find('Observation', [value({ system: 'u', code: 'milligray' })]), [])
    assert.deepEqual(await find('Observation', [value({ system: 'v', code: 'mGy' })]), [])
  })

  it('wants all components of a composite in one tuple', async () => {
    const pair = (key: string, value: string): Condition => ({
      kind: 'composite',
      code: 'code-value',
      anyOf: [
        [
          { kind: 'key', part: 0, key },
          { kind: 'quantity', part: 1, test: number('eq', value, value, `${value}.5`) },
        ],
      ],
    })
    assert.deepEqual(await find('Observation', [pair('|dose', '10')]), ['dose'])
    assert.deepEqual(await find('Observation', [pair('|dose', '3')]), [])
    assert.deepEqual(await find('Observation', [pair('|rate', '3')]), ['dose'])
  })

  it('tells what is there from what is missing', async () => {
    const present: Condition = { kind: 'present', where: 'keys', code: 'modality' }
    assert.deepEqual(await find('ImagingStudy', [present]), ['ct', 'mr'])
    assert.deepEqual(await find('ImagingStudy', [{ kind: 'not', of: present }]), ['bare'])
    for (const where of ['patient', 'clinical-date'] as const) {
      const has: Condition = { kind: 'present', where, code: where }
      assert.deepEqual(await find('ImagingStudy', [has]), ['ct', 'mr'])
      assert.deepEqual(await find('ImagingStudy', [{ kind: 'not', of: has }]), ['bare'])
    }
  })

  it('negates also what has no value to be compared', async () => {
    const of: Condition = { kind: 'patient', anyOf: ['ola'] }
    assert.deepEqual(await find('ImagingStudy', [{ kind: 'not', of }]), ['bare', 'mr'])
    assert.deepEqual(await find('ImagingStudy', [{ kind: 'any', of: [of, keys('modality|MR')] }]), [
      'ct',
      'mr',
    ])
    assert.deepEqual(await find('ImagingStudy', [{ kind: 'any', of: [] }]), [])
    assert.deepEqual(await find('ImagingStudy', [{ kind: 'never' }]), [])
  })
})

/** Each form of a link is printed in two ways: for few rows and for many. */
const NARROW: readonly Condition[] = [
  { kind: 'id', anyOf: ['ct', 'mr', 'bare', 'org', 'end', 'ola', 'kari'] },
]

describe('conditions that follow references', () => {
  for (const [name, more] of [
    ['for few rows', NARROW],
    ['for many', []],
  ] as const) {
    it(`chains to the rows referred to, ${name}`, async () => {
      const chain = (link: object, target: string, of: readonly Condition[]): Condition => ({
        ...{ kind: 'chain', link: { code: 'x', ...link }, target, of },
      })
      const named: Condition = { kind: 'text', code: 'family', match: 'begins', anyOf: ['nord'] }
      const patient = chain({ column: 'patient' }, 'Patient', [named])
      const custodian = chain({ column: 'custodian' }, 'Organization', [
        { kind: 'text', code: 'name', match: 'begins', anyOf: ['hospital'] },
      ])
      const endpoint = chain({ code: 'endpoint' }, 'Endpoint', [keys('status|active')])
      assert.deepEqual(await find('ImagingStudy', [patient, ...more]), ['ct'])
      assert.deepEqual(await find('ImagingStudy', [custodian, ...more]), ['bare', 'ct'])
      assert.deepEqual(await find('ImagingStudy', [endpoint, ...more]), ['ct'])
      assert.deepEqual(await find('ImagingStudy', [{ kind: 'not', of: patient }, ...more]), [
        'bare',
        'mr',
      ])
      const unseen = seeing('ImagingStudy')
      assert.deepEqual(await find('ImagingStudy', [endpoint, ...more], unseen), [])
      assert.deepEqual(await find('ImagingStudy', [custodian, ...more], unseen), [])
    })

    it(`finds what others refer to, ${name}`, async () => {
      const has = (source: string, link: object, of: readonly Condition[]): Condition => ({
        ...{ kind: 'has', source, link: { code: 'x', ...link }, of },
      })
      const reported = has('DiagnosticReport', { code: 'imaging-study' }, [keys('status|final')])
      const imaged = has('ImagingStudy', { column: 'patient' }, [keys('modality|CT')])
      const holding = has('ImagingStudy', { column: 'custodian' }, [])
      assert.deepEqual(await find('ImagingStudy', [reported, ...more]), ['ct'])
      assert.deepEqual(await find('Patient', [imaged, ...more]), ['ola'])
      assert.deepEqual(await find('Organization', [holding, ...more]), ['org'])
      assert.deepEqual(await find('ImagingStudy', [{ kind: 'not', of: reported }, ...more]), [
        'bare',
        'mr',
      ])
      assert.deepEqual(await find('ImagingStudy', [reported, ...more], seeing('ImagingStudy')), [])
    })
  }

  it('follows references through several rows', async () => {
    const of: Condition = {
      kind: 'chain',
      link: { code: 'imaging-study' },
      target: 'ImagingStudy',
      of: [
        {
          kind: 'chain',
          link: { code: 'endpoint' },
          target: 'Endpoint',
          of: [
            {
              kind: 'has',
              source: 'ImagingStudy',
              link: { code: 'endpoint' },
              of: [keys('modality|CT')],
            },
          ],
        },
      ],
    }
    assert.deepEqual(await find('DiagnosticReport', [of]), ['report'])
    assert.deepEqual(await find('DiagnosticReport', [of, { kind: 'patient', anyOf: ['ola'] }]), [
      'report',
    ])
  })

  it('passes through no row that the caller may not see', async () => {
    const visibility: Visibility = new Map([
      ['ImagingStudy', { kind: 'patient', is: 'kari' as PatientId }],
      ['DiagnosticReport', { kind: 'everything' }],
    ])
    const chain: Condition = {
      kind: 'chain',
      link: { code: 'imaging-study' },
      target: 'ImagingStudy',
      of: [],
    }
    assert.deepEqual(await find('DiagnosticReport', [chain], visibility), [])
  })
})

describe('what comes along', () => {
  async function along(over: Partial<Search>, visibility = EVERYTHING): Promise<string[]> {
    const search = searchOf('DiagnosticReport', over)
    const { included } = await searchResources(pool, { search, visibility })
    return included.map(({ type, id }) => `${type}/${id}`)
  }
  const study = {
    type: 'DiagnosticReport',
    link: { code: 'imaging-study' },
    targets: ['ImagingStudy'],
    iterate: false,
  }
  const endpoint = {
    type: 'ImagingStudy',
    link: { code: 'endpoint' },
    targets: ['Endpoint'],
    iterate: true,
  }

  it('is what matches refer to, and with iterate what that refers to', async () => {
    assert.deepEqual(await along({ include: [study] }), ['ImagingStudy/ct'])
    assert.deepEqual(await along({ include: [study, endpoint] }), [
      'ImagingStudy/ct',
      'Endpoint/end',
    ])
    assert.deepEqual(await along({ include: [study, { ...endpoint, iterate: false }] }), [
      'ImagingStudy/ct',
    ])
  })

  it('is the patient and the custodian that columns name', async () => {
    const column = (name: 'patient' | 'custodian', target: string) => ({
      ...{ type: 'DiagnosticReport', link: { code: name, column: name }, targets: [target] },
      iterate: false,
    })
    assert.deepEqual(
      await along({ include: [column('patient', 'Patient'), column('custodian', 'Organization')] }),
      ['Patient/ola', 'Organization/org'],
    )
  })

  it('ends in a circle, and repeats nothing', async () => {
    const back = {
      type: 'DiagnosticReport',
      link: { code: 'imaging-study' },
      targets: ['ImagingStudy'],
      iterate: true,
    }
    const others = {
      ...{ type: 'ImagingStudy', link: { code: 'p', column: 'patient' as const } },
      targets: ['Patient'],
      iterate: true,
    }
    assert.deepEqual(
      await along({ include: [{ ...study, iterate: true }, others], revinclude: [back, others] }),
      ['ImagingStudy/ct', 'Patient/ola'],
    )
  })

  it('is nothing that the caller may not see', async () => {
    assert.deepEqual(await along({ include: [study] }, seeing('DiagnosticReport')), [])
  })
})
