/** The profiles of `fhir-profiles/`: their examples, their terms and what the hub itself says in them. */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { readOwnDefinitions, specificationTexts } from '../../../../src/definition-files.ts'
import { makeDefinitions } from '../../../../src/wire/fhir/definitions.ts'
import type { JsonObject } from '../../../../src/wire/fhir/json.ts'
import { ownWithSnapshots } from '../../../../src/wire/fhir/validation/snapshot.ts'
import { makeValidator } from '../../../../src/wire/fhir/validation/validator.ts'

const own = readOwnDefinitions()
const definitions = makeDefinitions(specificationTexts())
const validator = makeValidator(definitions, own)
const folder = path.join(import.meta.dirname, '../../../../fhir-profiles/examples')
const wrong: Readonly<Record<string, readonly string[]>> = read('invalid.json')
const files = readdirSync(folder).filter((name) => name !== 'invalid.json')

function read(name: string): any {
  return JSON.parse(readFileSync(path.join(folder, name), 'utf8'))
}

function errorsIn(resource: JsonObject): readonly string[] {
  return validator
    .report(resource)
    .filter(({ severity }) => severity === 'error')
    .map(({ location }) => location)
}

for (const name of files.filter((file) => wrong[file] === undefined)) {
  test(`the example ${name} is valid`, () => {
    assert.deepEqual(errorsIn(read(name)), [])
  })
}

for (const [name, places] of Object.entries(wrong)) {
  test(`the example ${name} is refused where it is wrong, and nowhere else`, () => {
    assert.deepEqual([...new Set(errorsIn(read(name)))].sort(), [...places].sort())
  })
}

test('every profile has a valid example and an invalid one', () => {
  const profiles = own.filter(
    ({ resourceType, kind }) => resourceType === 'StructureDefinition' && kind === 'resource',
  )
  const claimed = (names: readonly string[]): Set<unknown> =>
    new Set(names.flatMap((name) => read(name).meta?.profile ?? []))
  const valid = claimed(files.filter((name) => wrong[name] === undefined))
  assert.deepEqual(
    profiles.filter(({ url }) => !valid.has(url)).map(({ url }) => url),
    [],
  )
  const invalidTypes = new Set(Object.keys(wrong).map((name) => read(name).resourceType))
  assert.deepEqual(
    profiles.filter(({ type }) => !invalidTypes.has(type)).map(({ url }) => url),
    [],
  )
})

test('every profile, extension and code system is valid FHIR itself, as it is published', () => {
  for (const one of ownWithSnapshots(definitions, own)) {
    assert.deepEqual(errorsIn(one), [], String(one.url))
    assert.equal(one.resourceType === 'StructureDefinition', one.snapshot !== undefined)
  }
})

test('a snapshot has what its base has, and what the profile says of it', () => {
  const published = ownWithSnapshots(definitions, own).find(({ id }) => id === 'samsyn-patient')
  const snapshot: any = published?.snapshot
  const element = (id: string): any => snapshot.element.find((one: any) => one.id === id)
  assert.equal(element('Patient').constraint.length > 0, true)
  assert.equal(element('Patient.identifier:fnr.system').min, 1)
  assert.equal(element('Patient.identifier:fnr').sliceName, 'fnr')
  assert.equal(element('Patient.identifier:fnr.system').base.path, 'Identifier.system')
  assert.equal(element('Patient.identifier:fnr.period').max, '1')
  assert.equal(element('Patient.birthDate').max, '1')
})
