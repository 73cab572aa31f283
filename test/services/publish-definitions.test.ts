import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readOwnDefinitions } from '../../src/definition-files.ts'
import { makePublishDefinitions } from '../../src/services/publish-definitions.ts'
import { idsOf, OPERATOR, startRegistry } from '../support/registry.ts'

const clock = (): Date => new Date()

const VALUE_SET = {
  resourceType: 'ValueSet',
  id: 'colours',
  url: 'https://samsyn.no/fhir/ValueSet/colours',
  status: 'draft',
}

test('the hub’s definitions are read and searched like all other resources', async (t) => {
  const registry = await startRegistry(t)
  const definitions = readOwnDefinitions()
  await makePublishDefinitions({ pool: registry.pool, clock, definitions: () => definitions })()
  const url = 'https://samsyn.no/fhir/StructureDefinition/samsyn-imaging-study'
  const found = await registry.ask(OPERATOR, `StructureDefinition?url=${url}`)
  assert.deepEqual(idsOf(found), ['samsyn-imaging-study'])
  const read = await registry.ask(OPERATOR, 'StructureDefinition/samsyn-imaging-study')
  assert.deepEqual([read.status, read.body.url], [200, url])
})

test('a start writes what has changed since the last one and nothing else', async (t) => {
  const registry = await startRegistry(t)
  const publish = (...definitions: object[]): Promise<number> =>
    makePublishDefinitions({
      pool: registry.pool,
      clock,
      definitions: () => definitions.map((one) => ({ ...one })),
    })()
  assert.equal(await publish(VALUE_SET), 1)
  assert.equal(await publish(VALUE_SET), 0)
  assert.equal(await publish({ ...VALUE_SET, status: 'active' }), 1)
  const { body } = await registry.ask(OPERATOR, 'ValueSet/colours')
  assert.deepEqual([body.status, body.meta.versionId], ['active', '2'])
  assert.equal(await publish(), 1)
  assert.equal((await registry.ask(OPERATOR, 'ValueSet/colours')).status, 410)
  assert.equal(await publish(VALUE_SET), 1)
})

test('nodes that start at once enter each definition once', async (t) => {
  const registry = await startRegistry(t)
  const publish = makePublishDefinitions({
    pool: registry.pool,
    clock,
    definitions: () => [VALUE_SET, { resourceType: 'Patient', id: 'example' }],
  })
  const written = await Promise.all([publish(), publish(), publish()])
  assert.deepEqual(written.toSorted(), [0, 0, 1])
})
