/** The operations and their OperationDefinitions: one list in two places. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readOwnDefinitions, specificationTexts } from '../../../../src/definition-files.ts'
import { everythingOperation } from '../../../../src/faces/fhir/operations/everything.ts'
import { exportOperations } from '../../../../src/faces/fhir/operations/export.ts'
import type { Operation } from '../../../../src/faces/fhir/operations/operation.ts'
import { makeDefinitions } from '../../../../src/wire/fhir/definitions.ts'
import { makeValidator } from '../../../../src/wire/fhir/validation/validator.ts'
import { CLINICIAN, startRegistry } from '../../../support/registry.ts'

const own = readOwnDefinitions()
const definitions = own.filter(({ resourceType }) => resourceType === 'OperationDefinition')

const never = (): Promise<never> => Promise.reject(new Error('Nobody asks'))

test('every operation has the definition that it names, and no definition is of none', async (t) => {
  let operations: readonly Operation[] = []
  const registry = await startRegistry(t, {
    more(ground) {
      const mine = [
        ...exportOperations({ ...ground, startExport: never }),
        everythingOperation({ ...ground, readEverything: never }),
      ]
      operations = [...ground.operations, ...mine]
      return { operations: mine }
    },
  })
  const offered = Map.groupBy(operations, ({ definition }) => definition)
  const found = definitions.map(({ url }) => String(url))
  assert.deepEqual([...offered.keys()].sort(), [...found].sort())
  for (const { url, code, system, type, instance, resource } of definitions) {
    const alike = offered.get(String(url)) ?? []
    const at = (level: string): boolean => alike.some((one) => one.level === level)
    assert.deepEqual([at('system'), at('type'), at('instance')], [system, type, instance])
    for (const { name, types, methods } of alike) {
      assert.equal(name, code)
      // On every type, as the resource that all types are.
      const isAll = JSON.stringify(resource) === '["Resource"]'
      if (!isAll) assert.deepEqual(types, resource)
      else assert.ok((types?.length ?? 0) > 100)
      assert.ok(methods.includes('POST'))
    }
  }
  const { body } = await registry.ask(CLINICIAN, 'metadata')
  const [rest] = body.rest
  assert.deepEqual(
    rest.operation.map((one: { name: string; definition: string }) => [one.name, one.definition]),
    [['export', 'http://hl7.org/fhir/uv/bulkdata/OperationDefinition/export']],
  )
})

test('the definitions are valid FHIR', () => {
  const validator = makeValidator(makeDefinitions(specificationTexts()), own)
  for (const one of definitions) {
    const errors = validator.report(one).filter(({ severity }) => severity === 'error')
    assert.deepEqual(errors, [], String(one.url))
  }
})
