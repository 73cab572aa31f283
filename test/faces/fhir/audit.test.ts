import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { makeAuditAppender } from '../../../src/storage/audit-events.ts'
import { searchValues } from '../../../src/wire/fhir/search-values.ts'
import { idsOf, NORTH, startRegistry, type Caller, type Registry } from '../../support/registry.ts'

const OFFICER: Caller = {
  member: NORTH,
  actions: ['read-audit'],
  filter: { kind: 'custodian', in: [NORTH] },
}

const idOf = (n: number): string => `00000000-0000-4000-8000-00000000000${n}`

async function registryWithLog(t: TestContext): Promise<Registry> {
  const registry = await startRegistry(t)
  const events = [1, 2, 3, 4].map((n) => {
    const recorded = new Date(Date.UTC(2026, 2, n))
    const event = {
      resourceType: 'AuditEvent',
      id: idOf(n),
      type: { system: 'http://terminology.hl7.org/CodeSystem/audit-event-type', code: 'rest' },
      recorded: recorded.toISOString(),
      outcome: n === 2 ? '4' : '0',
      entity: [{ what: { reference: 'ImagingStudy/a1' } }],
    }
    const { keys, refs, compared } = searchValues(event)
    return {
      ...{ id: idOf(n), recorded, content: JSON.stringify(event), keys, refs, compared },
      patient: n === 3 ? 'berit' : 'anne',
      custodians: n === 4 ? ['west'] : [NORTH],
      member: 'west',
    }
  })
  await makeAuditAppender(registry.pool)(events)
  return registry
}

test('a privacy officer searches what concerns the member, newest first', async (t) => {
  const registry = await registryWithLog(t)
  const found = async (query: string): Promise<string[]> =>
    idsOf(await registry.ask(OFFICER, `AuditEvent?${query}`)).map((id) => id.slice(-1))
  assert.deepEqual(await found(''), ['3', '2', '1'])
  assert.deepEqual(await found('_sort=date'), ['1', '2', '3'])
  assert.deepEqual(await found('patient=anne'), ['2', '1'])
  assert.deepEqual(await found('outcome=4'), ['2'])
  assert.deepEqual(await found('entity=ImagingStudy/a1&date=ge2026-03-02&date=lt2026-03-03'), ['2'])
  assert.deepEqual(await found('type=rest&date=sa2026-03-02'), ['3'])
  assert.equal((await registry.ask(OFFICER, 'AuditEvent?_summary=count')).body.total, 3)
})

test('the log is paged like everything else', async (t) => {
  const registry = await registryWithLog(t)
  const first = await registry.ask(OFFICER, 'AuditEvent?_count=2')
  const { url } = first.body.link[1]
  assert.deepEqual(idsOf(await registry.ask(OFFICER, url)), [idOf(1)])
})

test('an event is read by those it concerns, and nobody changes one', async (t) => {
  const registry = await registryWithLog(t)
  assert.equal((await registry.ask(OFFICER, `AuditEvent/${idOf(1)}`)).body.id, idOf(1))
  assert.equal((await registry.ask(OFFICER, `AuditEvent/${idOf(4)}`)).status, 404)
  assert.equal((await registry.ask(OFFICER, 'AuditEvent/none')).status, 404)
  for (const method of ['PUT', 'PATCH', 'DELETE']) {
    const init = { method, body: '{}' }
    assert.equal((await registry.ask(OFFICER, `AuditEvent/${idOf(1)}`, init)).status, 405)
  }
})

test('a decision that shows nothing shows none of the log', async (t) => {
  const registry = await registryWithLog(t)
  const requester = { ...OFFICER, filter: { kind: 'nothing' } } as const
  assert.equal((await registry.ask(requester, 'AuditEvent')).body.total, 0)
  assert.equal((await registry.ask(requester, `AuditEvent/${idOf(1)}`)).status, 404)
})
