import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { readOwnDefinitions, specificationFiles } from '../../src/definition-files.ts'
import { isHubError, type HubErrorCode } from '../../src/kernel/errors.ts'
import { makeReportIssues, makeValidateResource } from '../../src/services/validate-resource.ts'
import { parseResourceJson } from '../../src/wire/fhir/parse-json.ts'
import type { JsonObject } from '../../src/wire/fhir/json.ts'
import {
  makeValidationPool,
  type PoolOptions,
  type ValidationPool,
} from '../../src/workers/validation-pool.ts'

function startPool(t: TestContext, options: Partial<PoolOptions> = {}): ValidationPool {
  const pool = makeValidationPool({
    files: specificationFiles(),
    own: readOwnDefinitions(),
    ...options,
  })
  t.after(() => pool.close())
  return pool
}

const NAMES = Array.from({ length: 900 }, () => ({ text: 'x'.repeat(100) }))
const LARGE = { resourceType: 'Patient', identifier: [{ value: '1' }], gender: 'm', name: NAMES }

function has(code: HubErrorCode) {
  return (error: unknown): boolean => isHubError(error, code)
}

test('a thread finds what the request’s own thread would find, profiles included', async (t) => {
  const pool = startPool(t)
  const errors = (await pool.report(LARGE, [])).filter(({ severity }) => severity === 'error')
  assert.deepEqual(
    errors.map(({ location }) => location),
    ['Patient.identifier[0]', 'Patient.gender'],
  )
})

test('numbers keep their digits on the way', async (t) => {
  const text =
    '{"resourceType":"Observation","status":"final","code":{"text":"x"},"valueInteger":1.0}'
  const issues = await startPool(t).report(parseResourceJson(Buffer.from(text)), [])
  assert.ok(issues.some(({ location }) => location === 'Observation.value.ofType(integer)'))
})

test('what takes too long is given up, and the next resource is validated', async (t) => {
  await assert.rejects(startPool(t, { timeLimit: 1 }).report(LARGE, []), has('too-large'))
  const pool = startPool(t)
  assert.ok((await pool.report(LARGE, [])).length > 0)
})

test('more than can wait is refused', async (t) => {
  const pool = startPool(t)
  const results = await Promise.allSettled(
    Array.from({ length: 40 }, () => pool.report({ resourceType: 'Basic' }, [])),
  )
  const refused = results.filter((one) => one.status === 'rejected')
  assert.ok(refused.length > 0)
  assert.ok(refused.every(({ reason }) => isHubError(reason, 'unavailable')))
})

test('large bodies go to the pool and small ones do not', async () => {
  const asked: string[] = []
  const tell = (who: string) => (resource: JsonObject) => {
    asked.push(`${who} ${String(resource.gender)}`)
    return []
  }
  const reportIssues = makeReportIssues({
    validator: { report: tell('here'), knowsProfile: () => false },
    pool: { report: async (resource) => tell('there')(resource), close: () => Promise.resolve() },
  })
  const validate = makeValidateResource(reportIssues)
  assert.deepEqual(await validate(LARGE), [])
  assert.deepEqual(validate({ resourceType: 'Patient', gender: 'f' }), [])
  assert.deepEqual(asked, ['there m', 'here f'])
})
