import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import express, { Router } from 'express'
import type { UnclearIdentity } from '../../../src/wire/admin/queue-views.ts'
import { addIdentityRoutes } from '../../../src/faces/admin/identity-routes.ts'
import { addReviewRoutes } from '../../../src/faces/admin/review-routes.ts'
import { problemJson } from '../../../src/faces/problem-json.ts'
import { setContext, setPrincipal } from '../../../src/faces/request-state.ts'
import { listen } from '../../support/listen.ts'
import { silentLog } from '../../support/log.ts'
import { startAdministration } from '../../support/administration.ts'
import { principal } from '../../support/audit.ts'
import { transaction } from '../../../src/storage/db.ts'
import { raiseDoubt } from '../../../src/storage/unclear-identities.ts'
import { putStudy } from '../../../src/storage/studies.ts'
import { sealClaim } from '../../../src/services/sealed-claim.ts'
import { makeSealer } from '../../../src/kernel/seal.ts'
import type { ImagingStudyId, OrganizationId, StudyUid } from '../../../src/kernel/ids.ts'
import type { ReviewDeps } from '../../../src/faces/admin/review-routes.ts'

type Call = readonly unknown[]

interface Served {
  /** What the review services were asked. */
  readonly calls: readonly Call[]
  ask(method: string, path: string, body?: object): Promise<Response>
}

async function serve(t: TestContext): Promise<Served> {
  const { administration, database } = await startAdministration(t)
  const study = {
    imagingStudy: 'study-1' as ImagingStudyId,
    custodian: 'south' as OrganizationId,
    at: new Date('2026-03-01T08:00:00Z'),
  }
  const claim = sealClaim(makeSealer(Buffer.alloc(32, 1)), study.imagingStudy, {
    claim: { id: '17858550085', otherIds: [], familyName: 'Lie', birthDate: '1985-05-17' },
    told: {},
    before: {},
  })
  await transaction(database.pool, async (db) => {
    const row = { ...study, study: '1.2.3' as StudyUid, source: undefined, patient: null }
    await putStudy(db, { ...row, attributes: {} })
    await raiseDoubt(db, { ...study, reason: 'invalid-national-id', claim, candidate: null })
  })
  const calls: Call[] = []
  const reviews: ReviewDeps = {
    listBreakGlassReviews: async (...call) => {
      calls.push(call)
      return []
    },
    reviewBreakGlass: async (...call) => void calls.push(call),
  }
  const router = Router()
  addIdentityRoutes(router, administration)
  addReviewRoutes(router, reviews)
  const app = express().use((req, _res, next) => {
    setContext(req, { requestId: 'request-1', channel: 'admin' })
    setPrincipal(req, principal)
    next()
  })
  app.use(express.json(), router, problemJson(silentLog))
  const base = await listen(t, app)
  return {
    calls,
    ask: (method, path, body) =>
      fetch(base + path, {
        method,
        headers: { 'content-type': 'application/json' },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      }),
  }
}

async function listed(served: Served, query = ''): Promise<any[]> {
  const answer = await served.ask('GET', `/unclear-identities${query}`)
  assert.equal(answer.status, 200)
  return (await answer.json()) as UnclearIdentity[]
}

test('an unclear identity shows what is needed to settle it, its national id masked', async (t) => {
  const served = await serve(t)
  const [doubt, ...others] = await listed(served)
  assert.deepEqual(others, [])
  assert.equal(doubt.study_uid, '1.2.3')
  assert.equal(doubt.reason, 'invalid-national-id')
  assert.deepEqual(doubt.claim, {
    id: '178585*****',
    issuer: null,
    other_ids: [],
    family_name: 'Lie',
    given_name: null,
    birth_date: '1985-05-17',
    sex: null,
  })
  const [whole] = await listed(served, '?national_ids=shown')
  assert.equal(whole.claim.id, '17858550085')
  assert.deepEqual(await listed(served, `?after=${doubt.id}`), [])
})

test('a resolution names a patient, with or without its type, or a new one, and nothing else', async (t) => {
  const served = await serve(t)
  const [doubt] = await listed(served)
  const settle = (body: object, id = String(doubt.id)): Promise<Response> =>
    served.ask('POST', `/unclear-identities/${id}/resolution`, body)
  for (const bad of [{}, { new: false }, { patient: 'a b' }, { patient: 'anne', new: true }])
    assert.equal((await settle(bad)).status, 400, JSON.stringify(bad))
  assert.equal((await settle({ patient: 'Patient/nobody' })).status, 404)
  assert.equal((await settle({ new: true }, 'x')).status, 404)

  const settled = await settle({ new: true })
  assert.equal(settled.status, 200)
  const { imaging_study, patient } = (await settled.json()) as Record<string, string>
  assert.equal(imaging_study, 'study-1')
  assert.ok(patient)
  assert.deepEqual(await listed(served), [])
  assert.equal((await settle({ patient })).status, 409)
})

test('a query that cannot be meant is told so', async (t) => {
  const { ask } = await serve(t)
  for (const query of ['limit=0', 'limit=101', 'after=x', 'national_ids=yes', 'nationalids=shown'])
    assert.equal((await ask('GET', `/unclear-identities?${query}`)).status, 400, query)
  assert.equal((await ask('GET', '/reviews?limit=0')).status, 400)
})

test('a review is entered with a finding for the grant of the address, by who asks', async (t) => {
  const { ask, calls } = await serve(t)
  const context = { requestId: 'request-1', channel: 'admin' }
  const entered = await ask('POST', '/reviews/grant-1/review', { finding: 'justified' })
  assert.deepEqual(await entered.json(), { grant: 'grant-1', finding: 'justified' })
  assert.deepEqual(calls, [[principal, { grant: 'grant-1', finding: 'justified' }, context]])
  for (const bad of [{}, { finding: 'fine' }, { finding: 'justified', note: '' }])
    assert.equal((await ask('POST', '/reviews/grant-1/review', bad)).status, 400)
  assert.equal(calls.length, 1)
  assert.deepEqual(await (await ask('GET', '/reviews')).json(), [])
})
