/** Bodies that nobody should send: refused with what is wrong, soon, and nothing is kept of them. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { idsOf } from '../../support/registry.ts'
import {
  assertRefused,
  assertStillWorks,
  OBSERVATION,
  PUBLISHER,
  registryWithPeople,
  soon,
} from './hostile.ts'

const deep = (levels: number): string =>
  `{"resourceType":"Observation","extension":${'[{"extension":'.repeat(levels)}[]${'}]'.repeat(levels)}}`

const BODIES: readonly (readonly [what: string, body: string | Buffer<ArrayBuffer>])[] = [
  ['nothing', ''],
  ['a list', '[]'],
  ['null', 'null'],
  ['a text', '"Observation"'],
  ['a number', '1e999999'],
  ['half a resource', '{"resourceType":"Observation"'],
  ['two resources', `${JSON.stringify(OBSERVATION)}${JSON.stringify(OBSERVATION)}`],
  ['no type', '{"status":"final"}'],
  ['another type', JSON.stringify({ ...OBSERVATION, resourceType: 'Patient' })],
  ['a type that is none', JSON.stringify({ ...OBSERVATION, resourceType: '__proto__' })],
  ['a member twice', '{"resourceType":"Observation","status":"final","status":"amended"}'],
  [
    'a member twice, escaped once',
    String.raw`{"resourceType":"Observation","status":"final","st\u0061tus":"amended"}`,
  ],
  ['__proto__', '{"resourceType":"Observation","__proto__":{"status":"final"}}'],
  ['NaN', '{"resourceType":"Observation","valueInteger":NaN}'],
  ['an empty object', '{"resourceType":"Observation","code":{}}'],
  ['an empty list', '{"resourceType":"Observation","category":[]}'],
  ['JSON a thousand deep', deep(1_000)],
  ['JSON a hundred thousand deep', deep(100_000)],
  [
    'JSON ten thousand wide',
    `{"resourceType":"Observation",${Array.from({ length: 10_000 }, (_, at) => `"m${at}":1`).join()}}`,
  ],
  [
    'a hundred thousand extensions',
    `{"resourceType":"Observation","extension":[${'{"url":"a"},'.repeat(100_000)}{"url":"a"}]}`,
  ],
  ['five megabytes', JSON.stringify({ ...OBSERVATION, note: [{ text: 'a'.repeat(5_000_000) }] })],
  [
    'octets that are no UTF-8',
    Buffer.from('{"resourceType":"Observation","status":"fin\xff\xfeal"}', 'latin1'),
  ],
  [
    'half a surrogate pair',
    String.raw`{"resourceType":"Observation","status":"final","code":{"text":"\ud800"},"subject":{"reference":"Patient/anne"}}`,
  ],
  [
    'U+0000',
    String.raw`{"resourceType":"Observation","status":"final","code":{"text":"a\u0000b"},"subject":{"reference":"Patient/anne"}}`,
  ],
  ['a day that is none', JSON.stringify({ ...OBSERVATION, effectiveDateTime: '2023-02-29' })],
  ['a month that is none', JSON.stringify({ ...OBSERVATION, effectiveDateTime: '2024-13' })],
  [
    'an hour that is none',
    JSON.stringify({ ...OBSERVATION, effectiveDateTime: '2024-01-01T25:00:00Z' }),
  ],
  [
    'a time without zone',
    JSON.stringify({ ...OBSERVATION, effectiveDateTime: '2024-01-01T12:00:00' }),
  ],
  [
    'a date without end',
    JSON.stringify({
      ...OBSERVATION,
      effectiveDateTime: `2024-01-01T12:00:00.${'0'.repeat(50_000)}`,
    }),
  ],
  ['a number for a text', JSON.stringify({ ...OBSERVATION, status: 1 })],
  ['a list for one', JSON.stringify({ ...OBSERVATION, status: ['final'] })],
  ['one for a list', JSON.stringify({ ...OBSERVATION, category: { text: 'a' } })],
  [
    'a billion laughs',
    `<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "ha"><!ENTITY c "&b;&b;">]><Observation xmlns="http://hl7.org/fhir">&c;</Observation>`,
  ],
]

describe('bodies', () => {
  it('are refused with what is wrong', async (t) => {
    const registry = await registryWithPeople(t)
    for (const [what, body] of BODIES) {
      const type = String(body).startsWith('<') ? 'application/fhir+xml' : 'application/fhir+json'
      const answer = await soon(what, () =>
        registry.ask(PUBLISHER, 'Observation', {
          method: 'POST',
          body,
          headers: { 'content-type': type },
        }),
      )
      assertRefused(answer, what)
      assert.ok(JSON.stringify(answer.body).length < 100_000, `${what}: a long refusal`)
    }
    const { rows } = await registry.pool.query(`select 1 from resource where type = 'Observation'`)
    assert.equal(rows.length, 0)
    await assertStillWorks(registry)
  })

  it('of no kind that is known are refused as such', async (t) => {
    const registry = await registryWithPeople(t)
    for (const type of [
      'text/plain',
      'application/x-www-form-urlencoded',
      'application/json-patch+json',
      'x',
    ]) {
      const answer = await registry.send(PUBLISHER, 'POST', 'Observation', {
        body: OBSERVATION,
        type,
      })
      assert.equal(answer.status, 415, type)
      assertRefused(answer, type)
    }
  })
})

describe('bundles', () => {
  const entry = { resource: OBSERVATION, request: { method: 'POST', url: 'Observation' } }
  it('of ten thousand entries are refused', async (t) => {
    const registry = await registryWithPeople(t)
    for (const type of ['batch', 'transaction']) {
      const entries = Array.from({ length: 10_000 }, () => entry)
      const answer = await soon(type, () =>
        registry.post(PUBLISHER, '', { resourceType: 'Bundle', type, entry: entries }),
      )
      assertRefused(answer, type)
    }
    await assertStillWorks(registry)
  })

  for (const [what, bundle] of [
    ['no type', { entry: [entry] }],
    ['another type', { type: 'searchset', entry: [entry] }],
    ['no request', { type: 'transaction', entry: [{ resource: OBSERVATION }] }],
    [
      'a method that is none',
      {
        type: 'transaction',
        entry: [{ ...entry, request: { method: 'STEAL', url: 'Observation' } }],
      },
    ],
    [
      'an address elsewhere',
      {
        type: 'transaction',
        entry: [
          { ...entry, request: { method: 'POST', url: 'http://elsewhere.example/Observation' } },
        ],
      },
    ],
    [
      'a way out',
      { type: 'transaction', entry: [{ request: { method: 'GET', url: '../admin/members' } }] },
    ],
    [
      'a bundle in itself',
      {
        type: 'transaction',
        entry: [
          {
            resource: { resourceType: 'Bundle', type: 'batch', entry: [] },
            request: { method: 'POST', url: '' },
          },
        ],
      },
    ],
    [
      'the same resource twice',
      {
        type: 'transaction',
        entry: [1, 2].map(() => ({
          resource: { ...OBSERVATION, id: 'x' },
          request: { method: 'PUT', url: 'Observation/x' },
        })),
      },
    ],
    [
      'entries that wait for each other',
      {
        type: 'transaction',
        entry: [
          { request: { method: 'DELETE', url: 'Observation?code=a' } },
          { request: { method: 'GET', url: `Observation?${'code:in.'.repeat(100)}=a` } },
        ],
      },
    ],
  ] as const)
    it(`with ${what} change nothing`, async (t) => {
      const registry = await registryWithPeople(t)
      assertRefused(await registry.post(PUBLISHER, '', { resourceType: 'Bundle', ...bundle }), what)
      const { rows } = await registry.pool.query(
        `select 1 from resource where type = 'Observation'`,
      )
      assert.equal(rows.length, 0)
    })

  it('refer to one another in a ring, and are kept', async (t) => {
    const registry = await registryWithPeople(t)
    const names = [
      'urn:uuid:11111111-1111-4111-8111-111111111111',
      'urn:uuid:22222222-2222-4222-8222-222222222222',
    ]
    const ring = names.map((fullUrl, at) => ({
      ...entry,
      fullUrl,
      resource: { ...OBSERVATION, hasMember: [{ reference: names[1 - at] }] },
    }))
    const { body, status } = await registry.post(PUBLISHER, '', {
      resourceType: 'Bundle',
      type: 'transaction',
      entry: ring,
    })
    assert.equal(status, 200, JSON.stringify(body))
    const [first] = body.entry.map((one: any) => one.response.location.split('/').at(-3))
    const all = await registry.ask(
      PUBLISHER,
      `Observation?_id=${first}&_include:iterate=Observation:has-member&_revinclude:iterate=Observation:has-member`,
    )
    assert.deepEqual([idsOf(all).length, idsOf(all, 'include').length], [1, 1])
  })
})
