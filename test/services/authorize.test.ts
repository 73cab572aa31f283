import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { NOTHING } from '../../src/domain/access/build-filter.ts'
import { matches } from '../../src/domain/access/match-filter.ts'
import type { Action, Principal } from '../../src/domain/access/principal.ts'
import { isHubError, type HubErrorCode } from '../../src/kernel/errors.ts'
import type { ClientId, GrantId } from '../../src/kernel/ids.ts'
import { updateClient } from '../../src/storage/clients.ts'
import { transaction } from '../../src/storage/db.ts'
import { insertGrant } from '../../src/storage/grants.ts'
import { updateMember } from '../../src/storage/members.ts'
import { rememberRevoked } from '../../src/storage/revoked-tokens.ts'
import * as services from '../support/access-services.ts'
import * as world from '../support/access-worlds.ts'

type Change = (access: services.AccessServices) => Promise<unknown>

const inTransaction =
  (work: Parameters<typeof transaction<unknown>>[1]): Change =>
  ({ pool }) =>
    transaction(pool, work)

describe('authorize', () => {
  it('lets a clinician with a grant see the patient’s shared material', async (t) => {
    const { pool, authorize } = await services.startAccess(t)
    await insertGrant(pool, world.grant(), Buffer.from('sealed'))
    const { filter, grant } = await authorize(world.principal(), 'view-images')
    assert.equal(grant?.id, 'grant-1')
    assert.equal(matches(filter, world.study()), true)
  })

  it('lets a system see its own member’s material alone', async (t) => {
    const { authorize } = await services.startAccess(t)
    const { filter } = await authorize(services.system(), 'view-images')
    assert.equal(matches(filter, world.study({ custodian: world.REQUESTER })), true)
    assert.equal(matches(filter, world.study()), false)
  })

  it('shows a requester no consents and no log, without saying so', async (t) => {
    const { pool, authorize } = await services.startAccess(t)
    await insertGrant(pool, world.grant(), Buffer.from('sealed'))
    for (const action of ['read-consent', 'read-audit'] as const)
      assert.deepEqual((await authorize(world.principal(), action)).filter, NOTHING)
  })

  const revoked: Change = inTransaction((db) => rememberRevoked(db, 'token-1', world.minutes(5)))
  const clientEnded = inTransaction((db) => updateClient(db, services.client({ active: false })))
  const memberEnded = inTransaction((db) =>
    updateMember(db, world.member(world.REQUESTER, { active: false })),
  )
  const noRole = inTransaction((db) =>
    updateMember(db, world.member(world.REQUESTER, { roles: ['consent-recorder'] })),
  )
  const nothing: Change = () => Promise.resolve()
  const later: Change = ({ turn, state }) => {
    turn(50)
    return state.catchUp()
  }

  for (const [name, change, principal, action, code] of [
    ['a token that was revoked', revoked, {}, 'find', 'unauthenticated'],
    ['a client that was disabled', clientEnded, {}, 'find', 'unauthenticated'],
    ['an unknown client', nothing, { client: 'x' as ClientId }, 'find', 'unauthenticated'],
    ['a client of another member', nothing, { member: world.OTHER }, 'find', 'unauthenticated'],
    ['a member that was withdrawn', memberEnded, {}, 'find', 'unauthenticated'],
    ['a grant that ran out', later, {}, 'find', 'unauthenticated'],
    ['a grant that is not there', nothing, { grant: 'x' as GrantId }, 'find', 'unauthenticated'],
    ['a member without the role', noRole, {}, 'find', 'forbidden'],
    ['a token without the scope', nothing, { actions: new Set() }, 'find', 'insufficient-scope'],
    ['publishing under a care grant', nothing, {}, 'publish', 'insufficient-scope'],
  ] as const satisfies readonly (readonly [
    string,
    Change,
    Partial<Principal>,
    Action,
    HubErrorCode,
  ])[]) {
    it(`refuses ${name} with ${code}`, async (t) => {
      const access = await services.startAccess(t)
      await insertGrant(access.pool, world.grant(), Buffer.from('sealed'))
      await change(access)
      await access.state.catchUp()
      await assert.rejects(access.authorize(world.principal(principal), action), (error: unknown) =>
        isHubError(error, code),
      )
    })
  }
})
