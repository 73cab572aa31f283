import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import {
  ANNE,
  BERIT,
  CLINICIAN,
  NORTH,
  PUBLISHER,
  putStudy,
  startRegistry,
  WEST,
  type Answer,
  type Registry,
} from '../../support/registry.ts'

const hour = (number: number): Date => new Date(Date.UTC(2024, 0, 1, number))

/** One study of three versions and a deletion, an hour apart, beside those of others. */
async function withVersions(t: TestContext): Promise<Registry> {
  const registry = await startRegistry(t)
  for (const at of [1, 2, 3]) {
    await putStudy(registry, { id: 's1', patient: ANNE, custodian: NORTH, at: hour(at) })
  }
  const facts = { patient: ANNE, custodian: NORTH }
  await registry.put({ resourceType: 'ImagingStudy', id: 's1' }, facts, {
    method: 'DELETE',
    at: hour(4),
  })
  await putStudy(registry, { id: 's2', patient: ANNE, custodian: WEST, at: hour(5) })
  await putStudy(registry, { id: 'b1', patient: BERIT, custodian: NORTH, at: hour(6) })
  return registry
}

function versionsOf(answer: Answer): string[] {
  const entries: { fullUrl: string; response: { etag: string } }[] = answer.body.entry ?? []
  return entries.map(
    ({ fullUrl, response }) => `${fullUrl.split('/').at(-1)} ${response.etag.slice(3, -1)}`,
  )
}

test('the history of a resource has every version, newest first, and what each came of', async (t) => {
  const registry = await withVersions(t)
  const answer = await registry.ask(CLINICIAN, 'ImagingStudy/s1/_history')
  assert.deepEqual([answer.status, answer.body.type], [200, 'history'])
  assert.deepEqual(versionsOf(answer), ['s1 4', 's1 3', 's1 2', 's1 1'])
  const [deletion, update] = answer.body.entry
  assert.equal(deletion.resource, undefined)
  assert.deepEqual(deletion.request, { method: 'DELETE', url: 'ImagingStudy/s1' })
  assert.equal(update.resource.meta.versionId, '3')
  assert.equal(update.response.lastModified, hour(3).toISOString())
  assert.equal(registry.audit.at(-1)?.act, 'history')
})

test('the history of a type has what its reader may see', async (t) => {
  const registry = await withVersions(t)
  const clinician = await registry.ask(CLINICIAN, 'ImagingStudy/_history')
  assert.deepEqual(versionsOf(clinician), ['s2 1', 's1 4', 's1 3', 's1 2', 's1 1'])
  const publisher = await registry.ask(PUBLISHER, 'ImagingStudy/_history')
  assert.deepEqual(versionsOf(publisher), ['b1 1', 's1 4', 's1 3', 's1 2', 's1 1'])
})

test('what is not yours has no history, as what is not there', async (t) => {
  const registry = await withVersions(t)
  const answers = await Promise.all(
    ['b1', 'nothing'].map((id) => registry.ask(CLINICIAN, `ImagingStudy/${id}/_history`)),
  )
  assert.deepEqual(
    answers.map(({ status }) => status),
    [404, 404],
  )
  assert.deepEqual(answers[0]?.body, answers[1]?.body)
})

for (const [query, expected] of [
  ['_since=2024-01-01T03:00:00Z', ['s1 4', 's1 3']],
  ['_since=2024-01-01T05:00:00Z', []],
  ['_at=2024-01-01T02:30:00Z', ['s1 2']],
  ['_at=2024-01-01T02:30', ['s1 2']],
  ['_at=2024-01-01', ['s1 4', 's1 3', 's1 2', 's1 1']],
  ['_at=2023', []],
] as const) {
  test(`a history may be of a time: ${query}`, async (t) => {
    const registry = await withVersions(t)
    const answer = await registry.ask(CLINICIAN, `ImagingStudy/s1/_history?${query}`)
    assert.equal(answer.status, 200, JSON.stringify(answer.body))
    assert.deepEqual(versionsOf(answer), expected)
  })
}

test('pages of a history neither repeat nor lose a version while others write', async (t) => {
  const registry = await withVersions(t)
  const seen: string[] = []
  let path: string | undefined = 'ImagingStudy/_history?_count=2'
  while (path !== undefined) {
    const answer: Answer = await registry.ask(CLINICIAN, path)
    assert.equal(answer.status, 200, JSON.stringify(answer.body))
    seen.push(...versionsOf(answer))
    await putStudy(registry, { id: 's1', patient: ANNE, custodian: NORTH, at: hour(9) })
    const links: { relation: string; url: string }[] = answer.body.link
    path = links.find(({ relation }) => relation === 'next')?.url
  }
  assert.deepEqual(seen, ['s2 1', 's1 4', 's1 3', 's1 2', 's1 1'])
})

test('a page link is of no use to anyone else, nor for another history', async (t) => {
  const registry = await withVersions(t)
  const { body } = await registry.ask(CLINICIAN, 'ImagingStudy/s1/_history?_count=1')
  const { url } = body.link.at(-1)
  assert.equal((await registry.ask(CLINICIAN, url)).status, 200)
  assert.equal((await registry.ask(PUBLISHER, url)).status, 400)
  assert.equal((await registry.ask(CLINICIAN, url.replace('/s1/', '/s2/'))).status, 400)
})

test('a history that cannot be understood is refused, and an unknown parameter where handling is strict', async (t) => {
  const registry = await withVersions(t)
  const ask = async (query: string, headers = {}): Promise<Answer> =>
    registry.ask(CLINICIAN, `ImagingStudy/s1/_history?${query}`, { headers })
  for (const query of ['_since=yesterday', '_since=2024', '_at=2024-02-30', '_count=-1']) {
    const answer = await ask(query)
    assert.equal(answer.status, 400, query)
    assert.deepEqual(answer.body.issue[0].expression, [query.split('=')[0]])
  }
  assert.equal((await ask('colour=red')).status, 200)
  assert.equal((await ask('colour=red', { prefer: 'handling=strict' })).status, 400)
})
