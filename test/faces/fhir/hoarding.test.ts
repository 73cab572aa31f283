/** Callers that ask for more than one answer should hold. */
import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import {
  ANNE,
  CLINICIAN,
  NORTH,
  PUBLISHER,
  putPatients,
  startRegistry,
  type Answer,
  type Registry,
} from '../../support/registry.ts'

const MEGABYTE = 1024 * 1024
const DOCUMENTS = 12
const MOST = 6 * MEGABYTE

/** So many documents of a megabyte each, which all are Anne's, and a list that names them. */
async function withDocuments(t: TestContext): Promise<Registry> {
  const registry = await startRegistry(t)
  await putPatients(registry)
  const facts = { patient: ANNE, custodian: NORTH }
  const subject = { reference: `Patient/${ANNE}` }
  const content = [{ attachment: { contentType: 'text/plain', data: 'A'.repeat(MEGABYTE) } }]
  const ids = Array.from({ length: DOCUMENTS }, (_, index) => `d${String(index).padStart(2, '0')}`)
  for (const [index, id] of ids.entries()) {
    const date = index % 2 === 0 ? { date: `2024-01-${index + 10}T10:00:00Z` } : {}
    const resource = { resourceType: 'DocumentReference', id, status: 'current', subject, content }
    await registry.put({ ...resource, ...date }, facts)
  }
  const entry = ids.map((id) => ({ item: { reference: `DocumentReference/${id}` } }))
  const list = { resourceType: 'List', id: 'all', status: 'current', mode: 'working', subject }
  await registry.put({ ...list, entry }, facts)
  return registry
}

function sizeOf({ body }: Answer): number {
  return JSON.stringify(body).length
}

async function collect(registry: Registry, first: string): Promise<string[]> {
  const ids: string[] = []
  let path: string | undefined = first
  while (path !== undefined) {
    const answer: Answer = await registry.ask(CLINICIAN, path)
    assert.equal(answer.status, 200, JSON.stringify(answer.body).slice(0, 500))
    assert.ok(sizeOf(answer) < MOST, `${path} gives ${sizeOf(answer)} bytes`)
    const entries: { resource: { id: string; meta: { versionId: string } } }[] =
      answer.body.entry ?? []
    assert.ok(entries.length > 0)
    ids.push(...entries.map(({ resource }) => `${resource.id} ${resource.meta.versionId}`))
    const links: { relation: string; url: string }[] = answer.body.link
    path = links.find(({ relation }) => relation === 'next')?.url
  }
  return ids
}

for (const sort of ['', '&_sort=date', '&_sort=-date', '&_sort=-_lastUpdated']) {
  test(`large matches come on several pages, each once${sort}`, async (t) => {
    const registry = await withDocuments(t)
    for (const patient of [`patient=${ANNE}&`, '']) {
      const ids = await collect(registry, `DocumentReference?${patient}_count=500${sort}`)
      assert.equal(new Set(ids).size, DOCUMENTS)
      assert.equal(ids.length, DOCUMENTS)
    }
  })
}

test('a history of large versions comes on several pages', async (t) => {
  const registry = await withDocuments(t)
  const ids = await collect(registry, 'DocumentReference/_history?_count=500')
  assert.equal(new Set(ids).size, DOCUMENTS)
})

test('what comes along is cut where it is large, and the answer says so', async (t) => {
  const registry = await withDocuments(t)
  const answer = await registry.ask(CLINICIAN, 'List?_id=all&_include=List:item')
  assert.ok(sizeOf(answer) < MOST)
  const modes: string[] = answer.body.entry.map(
    ({ search }: { search: { mode: string } }) => search.mode,
  )
  assert.ok(modes.includes('include') && modes.includes('outcome'), modes.join())
})

for (const type of ['batch', 'transaction']) {
  test(`a ${type} answers no more than a Bundle may hold`, async (t) => {
    const registry = await withDocuments(t)
    const read = { request: { method: 'GET', url: 'DocumentReference?_count=500' } }
    const bundle = { resourceType: 'Bundle', type, entry: Array.from({ length: 50 }, () => read) }
    const answer = await registry.post(PUBLISHER, '', bundle)
    assert.ok(sizeOf(answer) < 3 * MOST, String(sizeOf(answer)))
    if (type === 'transaction') assert.equal(answer.status, 422)
    else assert.equal(answer.body.entry.at(-1).response.status, '400')
  })
}

test('a Bundle with more conditional references than entries is refused before any is looked up', async (t) => {
  const registry = await startRegistry(t)
  await putPatients(registry)
  const entry = Array.from({ length: 20_000 }, (_, index) => ({
    item: { reference: `Observation?identifier=urn:x|${index}` },
  }))
  const list = { resourceType: 'List', status: 'current', mode: 'working', entry }
  const bundle = {
    resourceType: 'Bundle',
    type: 'transaction',
    entry: [{ resource: list, request: { method: 'POST', url: 'List' } }],
  }
  const answer = await registry.post(PUBLISHER, '', bundle)
  assert.equal(answer.status, 422)
  assert.match(JSON.stringify(answer.body), /500 conditional references/)
})
