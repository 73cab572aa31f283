/** Profiles with snapshots that others wrote: Norway's base profiles, slices and extensions included. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import path from 'node:path'
import { test, type TestContext } from 'node:test'
import { specificationTexts } from '../../../../src/definition-files.ts'
import { makeDefinitions } from '../../../../src/wire/fhir/definitions.ts'
import type { JsonObject } from '../../../../src/wire/fhir/json.ts'
import { makeValidator } from '../../../../src/wire/fhir/validation/validator.ts'
import { sampleFiles } from '../../../support/samples.ts'

const PATIENT = 'http://hl7.no/fhir/StructureDefinition/no-basis-Patient'

/** Every definition of the package, read out of its archive. */
async function norwegianDefinitions(t: TestContext): Promise<readonly JsonObject[]> {
  const [archive] = await sampleFiles(t, 'fhir/packages')
  if (archive === undefined) return []
  const list = execFileSync('tar', ['-tzf', archive], { encoding: 'utf8' }).trim().split('\n')
  return list
    .filter((name) => path.dirname(name) === 'package' && name.endsWith('.json'))
    .map((name) => JSON.parse(execFileSync('tar', ['-xzOf', archive, name], { encoding: 'utf8' })))
}

test('holds a Patient to the Norwegian base profile', async (t) => {
  const own = await norwegianDefinitions(t)
  if (own.length === 0) return
  const validator = makeValidator(makeDefinitions(specificationTexts()), own)
  const errorsIn = (patient: object): readonly string[] =>
    validator
      .report({ resourceType: 'Patient', meta: { profile: [PATIENT] }, ...patient })
      .filter(({ severity }) => severity === 'error')
      .map(({ location }) => location)
  const system = 'urn:oid:2.16.578.1.12.4.1.4.1'
  const middle = 'http://hl7.no/fhir/StructureDefinition/no-basis-middlename'

  assert.ok(validator.knowsProfile(PATIENT))
  assert.deepEqual(errorsIn({ identifier: [{ system, value: '17858550084' }] }), [])
  assert.deepEqual(
    errorsIn({ name: [{ family: 'x', extension: [{ url: middle, valueString: 'y' }] }] }),
    [],
  )
  assert.deepEqual(errorsIn({ identifier: [{ system }] }), ['Patient.identifier[0].value'])
  assert.deepEqual(
    errorsIn({ name: [{ family: 'x', extension: [{ url: middle, valueCode: 'y' }] }] }),
    ['Patient.name[0].extension[0].value'],
  )
})

test('every definition of the Norwegian package makes rules', async (t) => {
  const own = await norwegianDefinitions(t)
  const validator = makeValidator(makeDefinitions(specificationTexts()), own)
  for (const { resourceType, url } of own) {
    if (resourceType === 'StructureDefinition') assert.ok(validator.knowsProfile(String(url)))
  }
})
