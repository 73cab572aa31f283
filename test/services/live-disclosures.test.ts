import assert from 'node:assert/strict'
import { once } from 'node:events'
import { describe, it, type TestContext } from 'node:test'
import { makeLiveDisclosures, type LiveDisclosures } from '../../src/services/live-disclosures.ts'
import { makeRecordConsent } from '../../src/services/record-consent.ts'
import { makeRevokeAccess } from '../../src/services/revoke-access.ts'
import { announceChanges, copyEnded } from '../../src/storage/access-changes.ts'
import { putAgreement } from '../../src/storage/agreements.ts'
import { transaction } from '../../src/storage/db.ts'
import { insertGrant } from '../../src/storage/grants.ts'
import { updateMember } from '../../src/storage/members.ts'
import { attest } from '../support/attests.ts'
import * as services from '../support/access-services.ts'
import * as world from '../support/access-worlds.ts'

interface Setup extends services.AccessServices {
  readonly live: LiveDisclosures
  readonly signal: AbortSignal
}

/** One stream in flight under a live grant. */
async function setup(t: TestContext): Promise<Setup> {
  const access = await services.startAccess(t)
  await insertGrant(access.pool, world.grant(), Buffer.from('sealed'))
  const live = makeLiveDisclosures(access)
  t.after(() => {
    live.close()
  })
  const permitted = await access.authorize(world.principal(), 'view-images')
  const { signal } = live.open(permitted, world.study())
  return { ...access, live, signal }
}

async function aborted(signal: AbortSignal): Promise<void> {
  if (!signal.aborted) await once(signal, 'abort')
}

describe('live disclosures', () => {
  it('cut a stream when its grant is revoked', async (t) => {
    const access = await setup(t)
    const target = { kind: 'grant', id: world.grant().id } as const
    await makeRevokeAccess(access).grants(target, { context: services.CONTEXT })
    await aborted(access.signal)
  })

  it('cut a stream when its token is revoked', async (t) => {
    const access = await setup(t)
    await makeRevokeAccess(access).token('token-1', world.minutes(5))
    await aborted(access.signal)
  })

  it('cut a stream when the requester’s or the custodian’s membership ends', async (t) => {
    const { pool, signal } = await setup(t)
    await transaction(pool, (db) =>
      updateMember(db, world.member(world.CUSTODIAN, { active: false })),
    )
    await aborted(signal)
  })

  it('cut a stream when the custodian stops sharing', async (t) => {
    const { pool, signal } = await setup(t)
    const pair = { custodian: world.CUSTODIAN, requester: world.REQUESTER }
    await transaction(pool, (db) => putAgreement(db, { ...pair, effect: 'deny' }))
    await aborted(signal)
  })

  it('cut a stream when the patient blocks it, and leave one that is not blocked', async (t) => {
    const access = await setup(t)
    await services.addPatient(access.pool, attest().patient)
    const permitted = await access.authorize(world.principal(), 'view-images')
    const other = access.live.open(permitted, world.study({ modalities: ['MR'] }))
    const recordConsent = makeRecordConsent(services.consentDeps(access))
    const ct = { system: 'http://dicom.nema.org/resources/ontology/DCM', code: 'CT' }
    const block = services.block({ code: [{ coding: [ct] }] })
    await recordConsent(services.system(), block, services.CONTEXT)
    await aborted(access.signal)
    assert.equal(other.signal.aborted, false)
  })

  it('cut a stream when its copy is withdrawn or in doubt, and leave another custodian’s copy', async (t) => {
    const { pool, live, signal, authorize, state } = await setup(t)
    const permitted = await authorize(world.principal(), 'view-images')
    const other = live.open(permitted, world.study({ custodian: world.OTHER }))
    const { custodian, studyUids } = world.study()
    const ended = copyEnded(custodian ?? '', studyUids[0] ?? '')
    await transaction(pool, (db) => announceChanges(db, [ended]))
    await aborted(signal)
    assert.equal(other.signal.aborted, false)

    await state.catchUp()
    const late = live.open(permitted, world.study())
    assert.equal(late.signal.aborted, true)
    late.close()
  })

  it('let a transfer that began in time finish after its grant has run out', async (t) => {
    const { turn, state, signal, pool } = await setup(t)
    turn(55)
    await state.catchUp()
    const pair = { custodian: world.OTHER, requester: world.REQUESTER }
    await transaction(pool, (db) => putAgreement(db, { ...pair, effect: 'permit' }))
    await state.catchUp()
    assert.equal(signal.aborted, false)
  })

  it('cut every stream when the state is too old to know of a revocation', async (t) => {
    const { turn, signal, pool } = await setup(t)
    await pool.query('alter table access_change rename to elsewhere')
    turn(6 / 60)
    await aborted(signal)
    await pool.query('alter table elsewhere rename to access_change')
  })

  it('do not touch a stream that has ended', async (t) => {
    const access = await setup(t)
    const permitted = await access.authorize(world.principal(), 'view-images')
    const { signal, close } = access.live.open(permitted, world.study())
    close()
    await makeRevokeAccess(access).token('token-1', world.minutes(5))
    await aborted(access.signal)
    assert.equal(signal.aborted, false)
  })
})
