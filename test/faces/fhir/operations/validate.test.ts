import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  ANNE,
  CLINICIAN,
  NORTH,
  OPERATOR,
  PUBLISHER,
  putPatients,
  putStudy,
  startRegistry,
  type Answer,
} from '../../../support/registry.ts'

const BLOCK = 'https://samsyn.no/fhir/StructureDefinition/samsyn-block'

function issuesOf({
  status,
  body,
}: Answer): readonly { severity: string; expression?: string[] }[] {
  assert.equal(status, 200)
  assert.equal(body.resourceType, 'OperationOutcome')
  return body.issue
}

function errorsOf(answer: Answer): readonly (string | undefined)[] {
  return issuesOf(answer)
    .filter(({ severity }) => severity === 'error')
    .map(({ expression }) => expression?.[0])
}

const opinion = { resourceType: 'Encounter', status: 'done', class: { code: 'AMB' } }

test('a resource of any type is validated, whether or not the hub keeps the type', async (t) => {
  const registry = await startRegistry(t)
  const answer = await registry.post(CLINICIAN, 'Encounter/$validate', opinion)
  assert.deepEqual(errorsOf(answer), ['Encounter.status'])
  assert.ok(issuesOf(answer).some(({ severity }) => severity === 'warning'))
})

test('Parameters bring the resource, and a profile to hold it to', async (t) => {
  const registry = await startRegistry(t)
  const resource = {
    resourceType: 'Consent',
    status: 'draft',
    scope: { text: 'x' },
    category: [{ text: 'x' }],
    patient: { reference: `Patient/${ANNE}` },
    policyRule: { text: 'x' },
  }
  const plain = await registry.post(CLINICIAN, 'Consent/$validate', resource)
  assert.deepEqual(errorsOf(plain), [])
  const parameter = [
    { name: 'resource', resource },
    { name: 'mode', valueCode: 'create' },
    { name: 'profile', valueUri: BLOCK },
  ]
  const held = await registry.post(CLINICIAN, 'Consent/$validate', {
    resourceType: 'Parameters',
    parameter,
  })
  assert.ok(errorsOf(held).includes('Consent.provision'))
})

test('a profile that is not known is said to be', async (t) => {
  const registry = await startRegistry(t)
  const path = 'Basic/$validate?profile=http://x.org/p'
  const answer = await registry.post(CLINICIAN, path, {
    resourceType: 'Basic',
    code: { text: 'x' },
  })
  assert.deepEqual(errorsOf(answer), ['Basic'])
})

test('what is stored is validated by its id, for those who may read it', async (t) => {
  const registry = await startRegistry(t)
  await putPatients(registry)
  await putStudy(registry, { id: 'ct', patient: ANNE, custodian: NORTH })
  const url = 'ImagingStudy/ct/$validate'
  assert.deepEqual(errorsOf(await registry.ask(CLINICIAN, url)), [])
  const stranger = { ...CLINICIAN, filter: { kind: 'nothing' } as const }
  assert.equal((await registry.ask(stranger, url)).status, 404)
})

test('an update is of the id in its address', async (t) => {
  const registry = await startRegistry(t)
  const body = { resourceType: 'Basic', id: 'b', code: { text: 'x' } }
  const right = await registry.post(PUBLISHER, 'Basic/b/$validate?mode=update', body)
  assert.deepEqual(errorsOf(right), [])
  const wrong = await registry.post(PUBLISHER, 'Basic/c/$validate?mode=update', body)
  assert.deepEqual(errorsOf(wrong), ['Basic.id'])
})

test('what cannot be validated is refused', async (t) => {
  const registry = await startRegistry(t)
  const basic = { resourceType: 'Basic', code: { text: 'x' } }
  const ask = async (path: string, body: object): Promise<number> =>
    (await registry.post(OPERATOR, path, body)).status
  assert.equal(await ask('Patient/$validate', basic), 400)
  assert.equal(await ask('Basic/$validate?mode=delete', basic), 400)
  assert.equal(await ask('Basic/$validate?mode=update', basic), 400)
  assert.equal(
    await ask('Basic/$validate', {
      resourceType: 'Parameters',
      parameter: [{ name: 'mode', valueCode: 'create' }],
    }),
    400,
  )
  assert.equal(await ask('Horse/$validate', { resourceType: 'Horse' }), 405)
})
