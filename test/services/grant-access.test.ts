import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import type { GrantRequest } from '../../src/services/grant-access.ts'
import { makeGrantAccess, type GrantAccess } from '../../src/services/grant-access.ts'
import { makeNarrowGrant } from '../../src/services/narrow-grant.ts'
import { makeResolvePatient } from '../../src/services/resolve-patient.ts'
import { makeRecordConsent } from '../../src/services/record-consent.ts'
import { isHubError } from '../../src/kernel/errors.ts'
import type { PatientId, StudyUid } from '../../src/kernel/ids.ts'
import type { Grant } from '../../src/domain/access/grant.ts'
import { matches } from '../../src/domain/access/match-filter.ts'
import { transaction } from '../../src/storage/db.ts'
import { updateClient, insertClient } from '../../src/storage/clients.ts'
import { updateMember } from '../../src/storage/members.ts'
import * as services from '../support/access-services.ts'
import * as world from '../support/access-worlds.ts'
import { attest, person } from '../support/attests.ts'
import type { AccessServices } from '../support/access-services.ts'
import type { ClientId } from '../../src/kernel/ids.ts'

const { CLIENT, CONTEXT } = services
const PARTICIPATION = 'http://terminology.hl7.org/CodeSystem/v3-ParticipationType'

interface Setup extends AccessServices {
  readonly grantAccess: GrantAccess
}

async function setup(t: TestContext): Promise<Setup> {
  const access = await services.startAccess(t)
  await services.addPatient(access.pool, attest().patient)
  return { ...access, grantAccess: makeGrantAccess(access) }
}

function request(over: Partial<GrantRequest> = {}): GrantRequest {
  return {
    client: CLIENT,
    person: person(),
    attest: attest(),
    signedAttest: 'header.payload.signature',
    patient: { kind: 'identifier', identifier: attest().patient },
    purpose: 'TREAT',
    actions: ['find', 'view-images'],
    ...over,
  }
}

async function reasonOf(promise: Promise<unknown>): Promise<string | undefined> {
  try {
    await promise
    return 'granted'
  } catch (error) {
    assert.ok(isHubError(error, 'invalid'), String(error))
    return error.reason
  }
}

const withoutAbsent = (grant: Grant): object =>
  Object.fromEntries(Object.entries(grant).filter(([, value]) => value !== undefined))

const principalOf = (grant: Grant): ReturnType<typeof world.principal> =>
  world.principal({ client: grant.client, grant: grant.id })

describe('grantAccess', () => {
  it('stores a grant for the patient, until sixty minutes after the attest', async (t) => {
    const { grantAccess, state } = await setup(t)
    const grant = await grantAccess(request(), CONTEXT)
    assert.equal(grant.patient, world.PATIENT)
    assert.equal(grant.decisionRef, 'ref-1')
    assert.deepEqual(grant.expiresAt, world.minutes(60, attest().toa))
    const stored = await state.grant(grant.id)
    assert.ok(stored !== undefined)
    assert.deepEqual(withoutAbsent(stored), withoutAbsent(grant))
  })

  it('names the practitioner by a pseudonym, nowhere by national id', async (t) => {
    const { grantAccess, pool } = await setup(t)
    const grant = await grantAccess(request(), CONTEXT)
    const { rows } = await pool.query<{ row: string }>(
      `select access_grant::text as row from access_grant`,
    )
    assert.match(grant.practitioner.handle, /^[\w-]{22}$/)
    for (const number of ['17858550084', '57858550078']) {
      assert.ok(!JSON.stringify(grant).includes(number))
      assert.ok(!rows.some(({ row }) => row.includes(number)))
    }
  })

  it('keeps the signed attest sealed to its grant', async (t) => {
    const { grantAccess, pool, sealer } = await setup(t)
    const { id } = await grantAccess(request(), CONTEXT)
    const { rows } = await pool.query<{ attest: Buffer }>(`select attest from access_grant`)
    const [row] = rows
    assert.ok(row !== undefined)
    assert.equal(sealer.open(row.attest, `attest/${id}`), 'header.payload.signature')
  })

  it('answers for a patient it does not know as for one with nothing to see', async (t) => {
    const { grantAccess, pool, authorize } = await setup(t)
    await services.addStudy(pool)
    const stranger = { system: attest().patient.system, value: '57058550002' }
    const grant = await grantAccess(
      request({
        attest: attest({ patient: stranger }),
        patient: { kind: 'identifier', identifier: stranger },
      }),
      CONTEXT,
    )
    const { filter } = await authorize(principalOf(grant), 'view-images')
    assert.equal(matches(filter, world.study()), false)
  })

  it('names a patient alike before and after the hub knows the person', async (t) => {
    const access = await services.startAccess(t)
    const grantAccess = makeGrantAccess(access)
    const resolvePatient = makeResolvePatient({ ...access, rules: { environment: 'development' } })
    const { value: id, system: issuer } = attest().patient
    const before = await grantAccess(request(), CONTEXT)
    assert.equal((await grantAccess(request(), CONTEXT)).patient, before.patient)
    const uuid = /^[\da-f]{8}-[\da-f]{4}-8[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/
    assert.match(before.patient, uuid)

    const claim = { id, issuer, otherIds: [], familyName: 'Lie' }
    const { patient } = await transaction(access.pool, (db) =>
      resolvePatient(db, { claim, custodian: world.CUSTODIAN }),
    )
    assert.equal(patient, before.patient)
    const byReference = { kind: 'reference', id: before.patient } as const
    const after = await grantAccess(request({ patient: byReference }), CONTEXT)
    assert.equal(after.patient, before.patient)
  })

  it('takes a reference to a person it does not know as to one it knows', async (t) => {
    const access = await services.startAccess(t)
    const grantAccess = makeGrantAccess(access)
    const { patient } = await grantAccess(request(), CONTEXT)
    const byReference = request({ patient: { kind: 'reference', id: patient } })
    assert.equal((await grantAccess(byReference, CONTEXT)).patient, patient)
  })

  for (const [name, over, expected] of [
    [
      'an expired attest',
      { attest: attest({ toa: world.minutes(-61) }) },
      'attestation_has_expired',
    ],
    [
      'an attest of someone else',
      { person: person({ identifier: { system: 'x', value: '1' } }) },
      'attestation_subject_mismatch',
    ],
    [
      'a patient id that is not the attested patient’s',
      { patient: { kind: 'reference', id: 'patient-2' as PatientId } },
      'attestation_patient_mismatch',
    ],
    [
      'a person signed in for another organisation than the client’s',
      {
        person: person({ orgnrParent: '983974880' }),
        attest: attest({ legalEntity: '983974880' }),
      },
      'access_denied',
    ],
    ['an action that is not for a grant', { actions: ['publish'] }, 'access_denied'],
    [
      'broken glass without a reason',
      { purpose: 'BTG', attest: attest({ purpose: 'BTG' }) },
      'break_glass_reason_required',
    ],
    ['an unknown client', { client: 'nobody' as ClientId }, 'invalid_client'],
  ] as const satisfies readonly (readonly [string, Partial<GrantRequest>, string])[]) {
    it(`refuses ${name}`, async (t) => {
      const { grantAccess, pool } = await setup(t)
      assert.equal(await reasonOf(grantAccess(request(over), CONTEXT)), expected)
      const { rowCount } = await pool.query(`select 1 from access_grant`)
      assert.equal(rowCount, 0)
    })
  }

  it('logs the refusal with its reason', async (t) => {
    const { grantAccess, audited } = await setup(t)
    await reasonOf(grantAccess(request({ attest: attest({ decisionRef: '' }) }), CONTEXT))
    assert.deepEqual(
      audited.map(({ act, outcome, reason }) => [act, outcome, reason]),
      [['token-refused', '4', 'attestation_incomplete']],
    )
  })

  it('refuses a member without a clinical role', async (t) => {
    const { grantAccess, pool, state } = await setup(t)
    const recorder = world.member(world.REQUESTER, { roles: ['consent-recorder'] })
    await transaction(pool, (db) => updateMember(db, recorder))
    await state.catchUp()
    assert.equal(await reasonOf(grantAccess(request(), CONTEXT)), 'access_denied')
  })

  it('refuses a client that is not registered for the action', async (t) => {
    const { grantAccess, pool, state } = await setup(t)
    await transaction(pool, (db) => updateClient(db, services.client({ scope: 'samsyn:find' })))
    await state.catchUp()
    assert.equal(await reasonOf(grantAccess(request(), CONTEXT)), 'access_denied')
  })

  it('leaves no grant alive that could not be logged', async (t) => {
    const { grantAccess, pool, failAudit } = await setup(t)
    failAudit()
    await assert.rejects(grantAccess(request(), CONTEXT), /The log is full/)
    const { rowCount } = await pool.query(`select 1 from access_grant where revoked_at is null`)
    assert.equal(rowCount, 0)
  })
})

describe('broken glass', () => {
  const btg = (): GrantRequest =>
    request({
      purpose: 'BTG',
      attest: attest({ purpose: 'BTG' }),
      breakGlass: { reasonCode: 'BLAALYS' },
    })

  /** Studies of two custodians, what the second holds kept from all. */
  async function blockOther(access: Setup): Promise<void> {
    await services.addStudy(access.pool)
    const other = { custodian: world.OTHER, studyUids: ['1.2.2' as StudyUid] }
    await services.addStudy(access.pool, other)
    const actor = {
      role: { coding: [{ system: PARTICIPATION, code: 'CST' }] },
      reference: { reference: `Organization/${world.OTHER}` },
    }
    const recordConsent = makeRecordConsent(services.consentDeps(access))
    await recordConsent(services.system(), services.block({ actor: [actor] }), CONTEXT)
    await access.state.catchUp()
  }

  it('waits for review by those members whose material it shows against a block', async (t) => {
    const access = await setup(t)
    await blockOther(access)
    const { id } = await access.grantAccess(btg(), CONTEXT)
    const { rows } = await access.pool.query(`select grant_id, custodians from break_glass_review`)
    assert.deepEqual(rows, [{ grant_id: id, custodians: [world.OTHER] }])
  })

  it('waits for nobody where it overrides nothing', async (t) => {
    const { grantAccess, pool } = await setup(t)
    await services.addStudy(pool)
    await services.addStudy(pool, { patient: 'patient-2' as PatientId, labels: ['NORS'] })
    await grantAccess(btg(), CONTEXT)
    const { rowCount } = await pool.query(`select from break_glass_review`)
    assert.equal(rowCount, 0)
  })

  it('waits for review where a label would have kept a study back', async (t) => {
    const { grantAccess, pool } = await setup(t)
    await services.addStudy(pool, { labels: ['NORS'] })
    await grantAccess(btg(), CONTEXT)
    const { rows } = await pool.query(`select custodians from break_glass_review`)
    assert.deepEqual(rows, [{ custodians: [world.CUSTODIAN] }])
  })

  it('is logged as an act of its own before the token', async (t) => {
    const { grantAccess, audited } = await setup(t)
    await grantAccess(btg(), CONTEXT)
    assert.deepEqual(
      audited.map(({ act, reason, breakGlass }) => [act, reason, breakGlass]),
      [
        ['break-glass', 'BLAALYS', true],
        ['token-issued', undefined, true],
      ],
    )
  })

  it('is told to each custodian in an event of its own', async (t) => {
    const { grantAccess, pool, audited } = await setup(t)
    for (const custodian of [world.CUSTODIAN, world.OTHER]) {
      await services.addStudy(pool, { custodian, labels: ['NORS'] })
    }
    const { id } = await grantAccess(btg(), CONTEXT)
    const broken = audited.filter(({ act }) => act === 'break-glass')
    assert.deepEqual(
      broken.map(({ entities }) => entities),
      [world.CUSTODIAN, world.OTHER].map((custodian) => [
        { kind: 'resource', reference: `Grant/${id}` },
        { kind: 'resource', reference: `Organization/${custodian}`, custodian },
      ]),
    )
  })

  it('takes its reason from the attest’s purpose detail as well', async (t) => {
    const { grantAccess } = await setup(t)
    const said = attest({ purpose: 'BTG', purposeDetail: 'BLAALYS' })
    const grant = await grantAccess(request({ purpose: 'BTG', attest: said }), CONTEXT)
    assert.deepEqual(grant.breakGlass, { reasonCode: 'BLAALYS' })
  })

  it('wakes whoever listens for it', async (t) => {
    const { grantAccess, pool } = await setup(t)
    await services.addStudy(pool, { labels: ['NORS'] })
    const listener = await pool.connect()
    await listener.query('listen break_glass_review')
    const heard = new Promise((resolve) => {
      listener.once('notification', ({ payload }) => {
        resolve(payload)
      })
    })
    const { id } = await grantAccess(btg(), CONTEXT)
    assert.equal(await heard, id)
    listener.release(true)
  })
})

describe('narrowGrant', () => {
  const one = { studies: ['1.2.1' as StudyUid], actions: ['view-images'] } as const

  it('makes a child with fewer studies and actions, and no longer a life', async (t) => {
    const access = await setup(t)
    const parent = await access.grantAccess(request(), CONTEXT)
    const expiresAt = world.minutes(90)
    const child = await makeNarrowGrant(access)(
      parent,
      { client: CLIENT, ...one, expiresAt },
      CONTEXT,
    )
    assert.deepEqual([child.studies, child.actions], [one.studies, one.actions])
    assert.deepEqual(child.expiresAt, parent.expiresAt)
    const { filter } = await access.authorize(principalOf(child), 'view-images')
    assert.equal(matches(filter, world.study()), true)
    assert.equal(matches(filter, world.study({ studyUids: ['1.2.2' as StudyUid] })), false)
  })

  it('refuses to widen', async (t) => {
    const access = await setup(t)
    const narrowGrant = makeNarrowGrant(access)
    const parent = await access.grantAccess(request({ studies: one.studies }), CONTEXT)
    const wider = { client: CLIENT, studies: ['1.2.2' as StudyUid] }
    assert.equal(await reasonOf(narrowGrant(parent, wider, CONTEXT)), 'invalid_grant')
    const report = { client: CLIENT, actions: ['read-report'] } as const
    assert.equal(await reasonOf(narrowGrant(parent, report, CONTEXT)), 'invalid_grant')
  })

  it('refuses a client of another member', async (t) => {
    const access = await setup(t)
    const { pool, state } = access
    const foreign = services.client({ id: 'client-2' as ClientId, member: world.OTHER })
    await transaction(pool, (db) => insertClient(db, foreign, { at: world.NOW }))
    await state.catchUp()
    const parent = await access.grantAccess(request(), CONTEXT)
    const narrowed = makeNarrowGrant(access)(parent, { client: foreign.id, ...one }, CONTEXT)
    assert.equal(await reasonOf(narrowed), 'invalid_grant')
  })

  it('refuses a parent that has ended', async (t) => {
    const access = await setup(t)
    const parent = await access.grantAccess(request(), CONTEXT)
    access.turn(56)
    const narrowed = makeNarrowGrant(access)(parent, { client: CLIENT, ...one }, CONTEXT)
    assert.equal(await reasonOf(narrowed), 'invalid_grant')
  })
})
