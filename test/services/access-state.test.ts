import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Pool, PoolClient } from 'pg'
import type { ClientId, PatientId } from '../../src/kernel/ids.ts'
import { isHubError } from '../../src/kernel/errors.ts'
import { startAccessState, type AccessChange } from '../../src/services/access-state.ts'
import { putAgreement } from '../../src/storage/agreements.ts'
import { updateClient } from '../../src/storage/clients.ts'
import { transaction } from '../../src/storage/db.ts'
import { insertGrant, revokeGrants } from '../../src/storage/grants.ts'
import { updateMember } from '../../src/storage/members.ts'
import { putResource } from '../../src/storage/resources.ts'
import { rememberRevoked } from '../../src/storage/revoked-tokens.ts'
import { announceChanges } from '../../src/storage/access-changes.ts'
import * as services from '../support/access-services.ts'
import * as world from '../support/access-worlds.ts'
import { silentLog } from '../support/log.ts'

const { CLIENT } = services

async function putBlock(db: PoolClient, content: object): Promise<void> {
  const resource = { resourceType: 'Consent', status: 'active', ...content }
  const facts = { ...world.study(), studyUids: [] }
  const row = { type: 'Consent', id: 'consent-1', resource, facts, quarantined: false }
  await putResource(db, { ...row, search: services.NO_SEARCH, at: world.NOW }, { method: 'PUT' })
  await announceChanges(db, [{ kind: 'patient', key: world.PATIENT }])
}

async function addBlock(pool: Pool, content: object): Promise<void> {
  await transaction(pool, (db) => putBlock(db, content))
}

describe('access state', () => {
  it('takes up members, clients and agreements as they change', async (t) => {
    const { pool, state } = await services.startAccess(t)
    await transaction(pool, async (db) => {
      await updateMember(db, world.member(world.OTHER, { active: false }))
      await updateClient(db, services.client({ scope: 'samsyn:find' }))
      const pair = { custodian: world.CUSTODIAN, requester: world.REQUESTER }
      await putAgreement(db, { ...pair, effect: 'deny', modalities: ['CT'] })
    })
    await state.catchUp()
    assert.equal(state.member(world.OTHER)?.active, false)
    assert.equal(state.memberByOrgnr('983974880')?.id, world.OTHER)
    assert.equal(state.client(CLIENT)?.scope, 'samsyn:find')
    assert.deepEqual(
      state.agreements(world.REQUESTER).map(({ modalities }) => modalities),
      [['CT']],
    )
  })

  it('hears of a change made through another node without being asked', async (t) => {
    const { pool, state } = await services.startAccess(t)
    const heard = new Promise<AccessChange>((resolve) => state.onChange(resolve))
    await transaction(pool, (db) => rememberRevoked(db, 'token-9', world.minutes(5)))
    assert.deepEqual(await heard, { kind: 'token', key: 'token-9' })
    assert.equal(state.isRevoked('token-9'), true)
  })

  it('forgets all it holds when changes were swept that it had not heard of', async (t) => {
    const { pool, state } = await services.startAccess(t)
    assert.deepEqual(await state.consents(world.PATIENT), [])
    await transaction(pool, async (db) => {
      await putBlock(db, services.block())
      await rememberRevoked(db, 'token-9', world.minutes(5))
      await db.query('delete from access_change where seq < (select max(seq) from access_change)')
    })
    await state.catchUp()
    assert.equal((await state.consents(world.PATIENT)).length, 1)
  })

  it('hears again after its listening session was lost', async (t) => {
    const { pool, state } = await services.startAccess(t)
    await pool.query(
      `select pg_terminate_backend(pid) from pg_stat_activity
       where datname = current_database() and query like 'listen %'`,
    )
    await transaction(pool, (db) => rememberRevoked(db, 'token-9', world.minutes(5)))
    const heard = new Promise<AccessChange>((resolve) => state.onChange(resolve))
    assert.deepEqual(await heard, { kind: 'token', key: 'token-9' })
  })

  it('forgets a grant that was revoked', async (t) => {
    const { pool, state } = await services.startAccess(t)
    const grant = world.grant()
    await insertGrant(pool, grant, Buffer.from('sealed'))
    assert.equal((await state.grant(grant.id))?.revokedAt, undefined)
    await transaction(pool, (db) => revokeGrants(db, { kind: 'grant', id: grant.id }, world.NOW))
    await state.catchUp()
    assert.deepEqual((await state.grant(grant.id))?.revokedAt, world.NOW)
  })

  it('does not keep that a grant is not there', async (t) => {
    const { pool, state } = await services.startAccess(t)
    const grant = world.grant()
    assert.equal(await state.grant(grant.id), undefined)
    await insertGrant(pool, grant, Buffer.from('sealed'))
    assert.equal((await state.grant(grant.id))?.id, grant.id)
  })

  it('reads a patient’s consents afresh when one changes', async (t) => {
    const { pool, state } = await services.startAccess(t)
    assert.deepEqual(await state.consents(world.PATIENT), [])
    await addBlock(pool, services.block())
    await state.catchUp()
    assert.deepEqual(
      (await state.consents(world.PATIENT)).map(({ id, provision }) => [id, provision.effect]),
      [['consent-1', 'deny']],
    )
    assert.deepEqual(await state.consents('patient-2' as PatientId), [])
  })

  it('takes an active consent that cannot be read for a block of everything', async (t) => {
    const { pool, state } = await services.startAccess(t)
    await addBlock(pool, { provision: { type: 'permit', class: [{ code: 'ImagingStudy' }] } })
    assert.deepEqual(await state.consents(world.PATIENT), [
      { id: 'consent-1', patient: world.PATIENT, provision: { effect: 'deny', nested: [] } },
    ])
  })

  it('answers nothing when it has not been read for more than five seconds', async (t) => {
    const { state, turn } = await services.startAccess(t)
    turn(5.1 / 60)
    const unavailable = (error: unknown): boolean => isHubError(error, 'unavailable')
    assert.throws(() => state.client('client-1' as ClientId), unavailable)
    await assert.rejects(state.consents(world.PATIENT), unavailable)
    await assert.rejects(state.grant(world.grant().id), unavailable)
    await state.catchUp()
    assert.equal(state.client(CLIENT)?.id, CLIENT)
  })

  it('says so where the journal cannot be read', async (t) => {
    const { pool, clock } = await services.startAccess(t)
    const state = await startAccessState({ pool, clock, log: silentLog })
    await pool.query('alter table access_change rename to elsewhere')
    await assert.rejects(state.catchUp(), /access_change/)
    await state.close()
    await pool.query('alter table elsewhere rename to access_change')
  })
})

describe('revoking grants', () => {
  it('ends children with their parent and leaves others alone', async (t) => {
    const { pool } = await services.startAccess(t)
    const parent = world.grant()
    const insert = (id: string, from: string | null): Promise<unknown> =>
      pool.query(
        `insert into access_grant (id, client, member, patient, purpose, content, attest, parent, issued_at, expires_at)
         select $1, client, member, patient, purpose, content, attest, $2, issued_at, expires_at from access_grant limit 1`,
        [id, from],
      )
    await insertGrant(pool, parent, Buffer.from('sealed'))
    await insert('child', parent.id)
    await insert('grandchild', 'child')
    await insert('other', null)
    const ended = await transaction(pool, (db) =>
      revokeGrants(db, { kind: 'grant', id: parent.id }, world.NOW),
    )
    assert.deepEqual([...ended].sort(), ['child', 'grandchild', parent.id].sort())
  })

  it('ends every live grant of a client or a member, once', async (t) => {
    const { pool } = await services.startAccess(t)
    const { id } = world.grant()
    await insertGrant(pool, world.grant(), Buffer.from('sealed'))
    const revoke = (): Promise<readonly string[]> =>
      transaction(pool, (db) =>
        revokeGrants(db, { kind: 'member', id: world.REQUESTER }, world.NOW),
      )
    assert.deepEqual(await revoke(), [id])
    assert.deepEqual(await revoke(), [])
  })
})
