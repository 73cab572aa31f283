import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import type { Principal } from '../../src/domain/access/principal.ts'
import { isHubError, type HubErrorCode } from '../../src/kernel/errors.ts'
import type { ClientId, OrganizationId } from '../../src/kernel/ids.ts'
import { makeGrantAccess } from '../../src/services/grant-access.ts'
import { makeListBreakGlassReviews } from '../../src/services/list-break-glass-reviews.ts'
import { makeReviewBreakGlass } from '../../src/services/review-break-glass.ts'
import { insertClient } from '../../src/storage/clients.ts'
import { transaction } from '../../src/storage/db.ts'
import { updateMember } from '../../src/storage/members.ts'
import * as services from '../support/access-services.ts'
import * as world from '../support/access-worlds.ts'
import { attest, person } from '../support/attests.ts'

const { CONTEXT } = services
const failsWith = (code: HubErrorCode) => (error: unknown) => isHubError(error, code)

/** Two custodians whose material is shown against a label, and an officer of each. */
async function setup(t: TestContext) {
  const access = await services.startAccess(t)
  await services.addPatient(access.pool, attest().patient)
  await services.addStudy(access.pool, { labels: ['NORS'] })
  await services.addStudy(access.pool, { labels: ['NORS'], custodian: world.OTHER })
  const members = [world.CUSTODIAN, world.OTHER]
  await transaction(access.pool, async (db) => {
    for (const member of members)
      await insertClient(db, services.client({ id: idOf(member), member }), { at: world.NOW })
  })
  await access.state.catchUp()
  const { id } = await makeGrantAccess(access)(
    {
      client: services.CLIENT,
      person: person(),
      attest: attest({ purpose: 'BTG' }),
      signedAttest: 'header.payload.signature',
      patient: { kind: 'identifier', identifier: attest().patient },
      purpose: 'BTG',
      actions: ['find', 'view-images'],
      breakGlass: { reasonCode: 'BLAALYS', text: 'Bevisstløs' },
    },
    CONTEXT,
  )
  return {
    ...access,
    grant: id,
    list: makeListBreakGlassReviews(access),
    review: makeReviewBreakGlass(access),
  }
}

const idOf = (member: OrganizationId): ClientId => `${member}-officer` as ClientId

function officer(member: OrganizationId, over: Partial<Principal> = {}): Principal {
  return services.system({
    ...{ client: idOf(member), member },
    actions: new Set(['read-audit']),
    ...over,
  })
}

describe('the queue of emergency accesses', () => {
  it('tells the privacy officer of a custodian that was overridden who did it, and why', async (t) => {
    const { list, grant, audited } = await setup(t)
    const [review, ...others] = await list(officer(world.CUSTODIAN), {}, CONTEXT)
    assert.deepEqual(others, [])
    assert.equal(review?.grant, grant)
    assert.equal(review.practitioner.name, 'Kari Lege')
    assert.equal(review.member, world.REQUESTER)
    assert.equal(review.patient, world.PATIENT)
    assert.equal(review.decisionRef, 'ref-1')
    assert.deepEqual(review.breakGlass, { reasonCode: 'BLAALYS', text: 'Bevisstløs' })
    assert.equal(audited.at(-1)?.reason, 'break-glass-reviews-listed')
  })

  it('is not the requester’s, nor anyone’s who may not read the log', async (t) => {
    const { list, pool, state } = await setup(t)
    const { REQUESTER, CUSTODIAN } = world
    const requester = officer(REQUESTER, { client: services.CLIENT })
    assert.deepEqual(await list(requester, {}, CONTEXT), [])
    const unscoped = officer(CUSTODIAN, { actions: new Set(['find']) })
    await assert.rejects(list(unscoped, {}, CONTEXT), failsWith('insufficient-scope'))
    await transaction(pool, (db) =>
      updateMember(db, world.member(CUSTODIAN, { roles: ['clinical'] })),
    )
    await state.catchUp()
    await assert.rejects(list(officer(CUSTODIAN), {}, CONTEXT), failsWith('forbidden'))
  })

  it('is not read where that cannot be logged', async (t) => {
    const { list, failAudit } = await setup(t)
    failAudit()
    await assert.rejects(list(officer(world.CUSTODIAN), {}, CONTEXT), /The log is full/)
  })
})

describe('reviewing an emergency access', () => {
  it('closes it for that member alone, once, and is logged for the patient', async (t) => {
    const { list, review, grant, audited } = await setup(t)
    const mine = officer(world.CUSTODIAN)
    const finding = { grant, finding: 'not-justified', note: 'Pasienten var våken' } as const
    await review(mine, finding, CONTEXT)
    const record = audited.at(-1)
    assert.equal(record?.reason, 'break-glass-reviewed: not-justified')
    assert.equal(record.patient, world.PATIENT)
    assert.ok(!JSON.stringify(record).includes('våken'))
    assert.deepEqual(await list(mine, {}, CONTEXT), [])
    assert.equal((await list(officer(world.OTHER), {}, CONTEXT)).length, 1)
    await assert.rejects(review(mine, finding, CONTEXT), failsWith('conflict'))
  })

  it('is refused for what was not overridden of the member’s, as for what is not there', async (t) => {
    const { review, grant } = await setup(t)
    const requester = officer(world.REQUESTER, { client: services.CLIENT })
    const finding = 'justified' as const
    await assert.rejects(review(requester, { grant, finding }, CONTEXT), failsWith('not-found'))
    const nowhere = review(officer(world.CUSTODIAN), { grant: 'nothing', finding }, CONTEXT)
    await assert.rejects(nowhere, failsWith('not-found'))
  })

  it('is not entered where it cannot be logged', async (t) => {
    const { review, grant, failAudit, pool } = await setup(t)
    failAudit()
    const finding = { grant, finding: 'justified' } as const
    await assert.rejects(review(officer(world.CUSTODIAN), finding, CONTEXT), /The log is full/)
    const { rowCount } = await pool.query('select from break_glass_finding')
    assert.equal(rowCount, 0)
  })
})
