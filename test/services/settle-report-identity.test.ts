/** A report in doubt waits in the queue as a study does, and is settled there. */
import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { isHubError } from '../../src/kernel/errors.ts'
import { makeListUnclearIdentities } from '../../src/services/list-unclear-identities.ts'
import { makeResolveIdentity } from '../../src/services/resolve-identity.ts'
import { principal } from '../support/audit.ts'
import { createDatabase } from '../support/database.ts'
import { ANNE, claimOf, makeExaminations, NORTH } from '../support/examinations.ts'
import { sealer } from '../support/register.ts'

const by = { principal, context: { requestId: 'request-1', channel: 'admin' } }

/** Anne's study, and a report that names her by birth date and name alone. */
async function start(t: TestContext) {
  const { pool } = await createDatabase(t)
  const examinations = makeExaminations(pool)
  const study = await examinations.images({})
  const { id: _id, issuer: _issuer, ...unknown } = claimOf(ANNE)
  const [filed] = await examinations.report({ patient: unknown })
  assert.ok(filed)
  const deps = {
    ...{ pool, sealer, settleMs: 10_000, timeZone: 'Europe/Oslo' },
    clock: () => new Date('2026-03-01T08:00:00Z'),
    rules: { environment: 'development' },
    recordAudit: async () => undefined,
  } as const
  const list = makeListUnclearIdentities(deps)
  const [doubt] = await list({}, by)
  assert.ok(doubt)
  const { row } = await examinations.read('ImagingStudy', study)
  return {
    ...examinations,
    doubt,
    report: filed.id,
    study,
    patient: row.patient,
    list,
    resolve: makeResolveIdentity(deps),
  }
}

test('is listed with who it may be', async (t) => {
  const { doubt, report, patient } = await start(t)
  assert.deepEqual([doubt.report, doubt.imagingStudy, doubt.custodian], [report, null, NORTH])
  assert.equal(doubt.claim.familyName, ANNE.family)
  assert.deepEqual(
    doubt.candidates.map((one) => [one.patient, one.grade]),
    [[patient, 'probable']],
  )
})

test('is the patient’s once a person has said so, with the study that it is about', async (t) => {
  const { doubt, report, study, patient, read, resolve, list } = await start(t)
  assert.deepEqual(await resolve(doubt.id, { nationalId: ANNE.number }, by), {
    imagingStudy: null,
    report,
    patient,
  })
  const { row, content } = await read('DiagnosticReport', report)
  assert.deepEqual([row.patient, row.quarantined, row.version], [patient, false, 2])
  assert.deepEqual(content.subject, { reference: `Patient/${patient}` })
  assert.equal(content.imagingStudy[0].reference, `ImagingStudy/${study}`)
  assert.deepEqual(await list({}, by), [])
  await assert.rejects(resolve(doubt.id, patient, by), (error) => isHubError(error, 'conflict'))
})

test('may be of somebody new', async (t) => {
  const { doubt, report, patient, read, resolve } = await start(t)
  const resolved = await resolve(doubt.id, 'new', by)
  assert.notEqual(resolved.patient, patient)
  const { row, content } = await read('DiagnosticReport', report)
  assert.deepEqual([row.patient, row.quarantined], [resolved.patient, false])
  assert.equal(content.imagingStudy, undefined)
})
