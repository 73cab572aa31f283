/** Searches that nobody should send, and what nobody should learn by one. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ANNE, BERIT, idsOf, NORTH, WEST, type Registry } from '../../support/registry.ts'
import { atATime } from './campaign.ts'
import {
  assertRefused,
  assertSafe,
  assertStillWorks,
  OBSERVATION,
  PUBLISHER,
  registryWithPeople,
  soon,
} from './hostile.ts'

const NAMES = [
  "O'Brien",
  '100%',
  'under_score',
  String.raw`back\slash`,
  '"quoted"',
  'a,b',
  'a|b',
  'a$b',
  '${7*7}',
  '{{x}}',
  "'; drop table resource; --",
  '株式会社',
  '.*',
  '(a+)+$',
]

describe('search strings', () => {
  it('find what they say, whatever they mean elsewhere', async (t) => {
    const registry = await registryWithPeople(t)
    for (const [at, name] of NAMES.entries())
      await registry.put({
        resourceType: 'Organization',
        id: `o${at}`,
        name,
        identifier: [{ system: 'urn:x', value: name }],
      })
    const escape = (text: string): string => text.replaceAll(/[\\,|$]/g, String.raw`\$&`)
    for (const [at, name] of NAMES.entries()) {
      for (const [parameter, value] of [
        ['name:exact', escape(name)],
        ['identifier', `urn:x|${escape(name)}`],
      ] as const) {
        const found = await registry.search(PUBLISHER, 'Organization', { [parameter]: value })
        assert.deepEqual(idsOf(found), [`o${at}`], `${parameter}=${value}`)
      }
    }
    const begins = async (value: string) =>
      idsOf(await registry.search(PUBLISHER, 'Organization', { name: value }))
    assert.deepEqual(await begins('%'), [])
    assert.deepEqual(await begins('1_0'), [])
    assert.deepEqual(await begins('100%'), ['o1'])
  })

  const CRUEL = [
    'a'.repeat(2_049),
    'a'.repeat(60_000),
    ','.repeat(20_000),
    '|'.repeat(2_000),
    '$'.repeat(2_000),
    '\\'.repeat(2_001),
    'a\u0000b',
    '\ud800',
    '\u202e\u200b\ufeff',
    '('.repeat(2_000),
    `${'a'.repeat(30)}!`.repeat(60),
    '9'.repeat(2_000),
    `1e${'9'.repeat(1_000)}`,
    '1e-999',
    `2024-01-01T00:00:00.${'0'.repeat(1_990)}`,
    'ge',
    'eq-',
    '9999-12-31T23:59:59.999+14:00',
    '0000-01-01',
    '-1',
    'null',
    '[object Object]',
    '../../etc/passwd',
    'http://['.repeat(200),
    'Patient/'.repeat(200),
    'urn:uuid:x',
    '#contained',
    '*',
  ]
  const ASKED = [
    'Organization?name',
    'Organization?name:contains',
    'Organization?name:exact',
    'Organization?identifier',
    'Organization?identifier:of-type',
    'Organization?type:text',
    'Organization?partof',
    'Organization?_lastUpdated',
    'Organization?_id',
    'Organization?_profile:above',
    'Organization?_source',
    'Organization?partof.name',
    'Organization?_has:Endpoint:organization:name',
    'ImagingStudy?started',
    'ImagingStudy?patient',
    'ImagingStudy?study',
    'ImagingStudy?patient.identifier',
    'Observation?value-quantity',
    'Observation?combo-code-value-quantity',
    'Observation?date',
    'Organization?_count',
    'Organization?_sort',
    'Organization?_include',
    'Organization?_revinclude',
    'Organization?_total',
    'Organization?_summary',
    'Organization?_elements',
    'Organization?_format',
    'Organization?_page',
    'Organization?identifier:in',
    'Organization?name:missing',
    'Organization?__proto__',
    'Organization?constructor',
    'Organization?name:toString',
    'Organization?_has:',
    'Organization?_has:a:b',
    'Organization?partof:constructor.name',
    'Organization?a.b.c.d.e.f',
    'Organization?partof.partof.partof.partof.name',
    'Organization?.',
    'Organization?:',
    'Organization?_include:iterate:iterate',
    'Organization?',
  ]
  it('of any kind are safe to ask anything by', async (t) => {
    const registry = await registryWithPeople(t)
    const all = ASKED.flatMap((asked) => CRUEL.map((value) => ({ asked, value })))
    await atATime(4, all, ({ asked, value }) => askCruelly(registry, asked, value))
    t.diagnostic(`${all.length} searches, each by GET and POST, strict and lenient`)
    await assertStillWorks(registry)
  })
})

async function askCruelly(registry: Registry, asked: string, value: string): Promise<void> {
  const [type = '', name = ''] = asked.split('?')
  const query = new URLSearchParams([[name, value]]).toString()
  const what = `${asked}=${value.slice(0, 40)}`
  for (const prefer of ['handling=lenient', 'handling=strict']) {
    const headers = { prefer, 'content-type': 'application/x-www-form-urlencoded' }
    const post = { method: 'POST', body: query, headers }
    assertSafe(await soon(what, () => registry.ask(PUBLISHER, `${type}/_search`, post)), what)
    if (query.length > LONGEST_URL) continue
    const get = { headers: { prefer } }
    assertSafe(await soon(what, () => registry.ask(PUBLISHER, `${type}?${query}`, get)), what)
  }
}

/** A URL beyond it is refused by HTTP itself. */
const LONGEST_URL = 8_000

describe('references', () => {
  const ring = (id: string, other: string) => ({
    resourceType: 'Organization',
    id,
    name: id,
    partOf: { reference: `Organization/${other}` },
  })

  it('in a ring, or to themselves, end', async (t) => {
    const registry = await registryWithPeople(t)
    for (const [id, other] of [
      ['r1', 'r2'],
      ['r2', 'r3'],
      ['r3', 'r1'],
      ['self', 'self'],
    ] as const)
      await registry.put(ring(id, other))
    const along = async (query: string) => {
      const found = await registry.ask(PUBLISHER, `Organization?${query}`)
      assert.equal(found.status, 200, query)
      return [idsOf(found), idsOf(found, 'include').toSorted()]
    }
    assert.deepEqual(await along('_id=r1&_include:iterate=Organization:partof'), [
      ['r1'],
      ['r2', 'r3'],
    ])
    assert.deepEqual(await along('_id=r1&_revinclude:iterate=Organization:partof'), [
      ['r1'],
      ['r2', 'r3'],
    ])
    assert.deepEqual(await along('_id=self&_include:iterate=*&_revinclude:iterate=*'), [
      ['self'],
      [],
    ])
    assert.deepEqual(await along('partof.partof.partof=r1'), [['r1'], []])
    assert.deepEqual(await along('partof.partof.partof.name=r1'), [['r1'], []])
  })

  it('in a long line are followed some way, and the answer says that there is more', async (t) => {
    const registry = await registryWithPeople(t)
    for (let at = 0; at < 20; at++) await registry.put(ring(`line${at}`, `line${at + 1}`))
    const query = 'Organization?_id=line0&_include:iterate=Organization:partof'
    const long = await registry.ask(PUBLISHER, query)
    assert.deepEqual([idsOf(long), idsOf(long, 'include').length], [['line0'], 10])
    assert.equal(long.body.entry.at(-1).search.mode, 'outcome')
    const near = await registry.ask(PUBLISHER, query.replace('line0', 'line12'))
    assert.equal(idsOf(near, 'include').length, 7)
    assert.equal(near.body.entry.at(-1).search.mode, 'include')
  })

  it('to what the caller may not see tell no more than those to nothing', async (t) => {
    const registry = await registryWithPeople(t)
    const wests = { custodian: WEST, patient: BERIT }
    await registry.put(
      { ...OBSERVATION, id: 'hidden', subject: { reference: `Patient/${BERIT}` } },
      wests,
    )
    const norths = { custodian: NORTH, patient: ANNE }
    for (const target of ['hidden', 'nothing'])
      await registry.put(
        { ...OBSERVATION, id: `to-${target}`, hasMember: [{ reference: `Observation/${target}` }] },
        norths,
      )
    const found = async (query: string) => {
      const { body, status } = await registry.ask(PUBLISHER, query)
      const ids: string[] = (body.entry ?? []).map(({ resource }: any) => resource.id)
      return { status, total: body.total, ids }
    }
    for (const [hidden, nothing] of [
      [
        'Observation?_id=to-hidden&_include=Observation:has-member',
        'Observation?_id=to-nothing&_include=Observation:has-member',
      ],
    ] as const) {
      const [one, other] = [await found(hidden), await found(nothing)]
      assert.deepEqual([one.total, one.ids.length], [other.total, other.ids.length])
    }
    for (const query of [
      'Observation?has-member.status=final',
      'Observation?has-member:Observation.status:missing=false',
      'Observation?has-member._id:not=x',
      'Patient?_id=berit',
      `Observation?subject:Patient.name=S%C3%A6ther`,
      'Patient?_has:Observation:patient:_id=hidden',
      'Observation?_has:Observation:has-member:_id=to-hidden',
      'Observation?_id=hidden&_summary=count',
    ])
      assert.deepEqual(
        [await found(query)].map(({ status, total, ids }) => [status, total, ids]),
        [[200, 0, []]],
        query,
      )
    assert.equal(
      (await found('Observation?_has:Observation:has-member:status=final&_total=accurate')).total,
      0,
    )
  })
})

describe('unknown parameters', () => {
  it('are refused or named, as the caller prefers', async (t) => {
    const registry = await registryWithPeople(t)
    const asked = 'ImagingStudy?modality=CT&colour=blue&_sort=taste'
    const strict = await registry.ask(PUBLISHER, asked, { headers: { prefer: 'handling=strict' } })
    assertRefused(strict, 'strict')
    assert.deepEqual(
      strict.body.issue.map(({ expression }: any) => expression[0]),
      ['colour', '_sort'],
    )
    const lenient = await registry.ask(PUBLISHER, asked, {
      headers: { prefer: 'handling=lenient' },
    })
    assert.deepEqual(idsOf(lenient), ['a1'])
    assert.equal(lenient.body.link[0].url, `${registry.base}/ImagingStudy?modality=CT`)
    const outcome = lenient.body.entry.find(({ search }: any) => search.mode === 'outcome')
    assert.equal(outcome.resource.resourceType, 'OperationOutcome')
  })
})
