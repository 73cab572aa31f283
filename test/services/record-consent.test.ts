import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { matches } from '../../src/domain/access/match-filter.ts'
import { isHubError, type HubErrorCode } from '../../src/kernel/errors.ts'
import { makeRecordConsent, type RecordConsent } from '../../src/services/record-consent.ts'
import { makeReplaceConsent, type ReplaceConsent } from '../../src/services/replace-consent.ts'
import type { PatientId, StudyUid } from '../../src/kernel/ids.ts'
import { transaction } from '../../src/storage/db.ts'
import { insertClient } from '../../src/storage/clients.ts'
import { insertGrant } from '../../src/storage/grants.ts'
import type { ClientId } from '../../src/kernel/ids.ts'
import { attest } from '../support/attests.ts'
import * as services from '../support/access-services.ts'
import * as world from '../support/access-worlds.ts'

const { CONTEXT } = services

interface Setup extends services.AccessServices {
  readonly recordConsent: RecordConsent
  readonly replaceConsent: ReplaceConsent
  /** Whether a clinician with a live grant sees the study. */
  sees(over?: Parameters<typeof world.study>[0]): Promise<boolean>
}

async function setup(t: TestContext): Promise<Setup> {
  const access = await services.startAccess(t)
  await services.addPatient(access.pool, attest().patient)
  await insertGrant(access.pool, world.grant(), Buffer.from('sealed'))
  const deps = services.consentDeps(access)
  return {
    ...access,
    recordConsent: makeRecordConsent(deps),
    replaceConsent: makeReplaceConsent(deps),
    async sees(over) {
      const { filter } = await access.authorize(world.principal(), 'view-images')
      return matches(filter, world.study(over))
    },
  }
}

const refusedWith =
  (code: HubErrorCode, location?: string) =>
  (error: unknown): boolean =>
    isHubError(error, code) &&
    (location === undefined || error.problems.some((problem) => problem.location === location))

const queried = (query: string) => ({ kind: 'query', query })

describe('recordConsent', () => {
  it('puts a block into force before it answers', async (t) => {
    const { recordConsent, sees } = await setup(t)
    assert.equal(await sees(), true)
    const { created, version } = await recordConsent(services.system(), services.block(), CONTEXT)
    assert.deepEqual([created, version], [true, 1])
    assert.equal(await sees(), false)
  })

  it('keeps the block, its custodian and its Provenance, and logs it', async (t) => {
    const { recordConsent, pool, audited } = await setup(t)
    const { id } = await recordConsent(services.system(), services.block(), CONTEXT)
    const { rows } = await pool.query(
      `select type, custodian, patient from resource where type in ('Consent', 'Provenance') order by type`,
    )
    const owned = { custodian: world.REQUESTER, patient: world.PATIENT }
    assert.deepEqual(rows, [
      { type: 'Consent', ...owned },
      { type: 'Provenance', ...owned },
    ])
    const [record] = audited
    assert.equal(record?.act, 'consent-recorded')
    assert.equal(record.patient, world.PATIENT)
    assert.deepEqual(record.entities, [
      { kind: 'resource', reference: `Consent/${id}`, custodian: world.REQUESTER },
    ])
  })

  it('finds the patient by identifier and does not keep the number', async (t) => {
    const { recordConsent } = await setup(t)
    const patient = { identifier: attest().patient }
    const { content } = await recordConsent(
      services.system(),
      { ...services.block(), patient },
      CONTEXT,
    )
    assert.match(content, /Patient\/patient-1/)
    assert.doesNotMatch(content, /57858550078/)
  })

  it('blocks a study that is named by its ImagingStudy, with all its copies', async (t) => {
    const { recordConsent, pool, sees } = await setup(t)
    const id = await services.addStudy(pool)
    const data = [{ meaning: 'instance', reference: { reference: `ImagingStudy/${id}` } }]
    await recordConsent(services.system(), services.block({ data }), CONTEXT)
    assert.equal(await sees({ custodian: world.OTHER }), false)
    assert.equal(await sees({ studyUids: ['1.2.9' as StudyUid] }), true)
  })

  it('refuses to name another patient’s study, as if it did not exist', async (t) => {
    const { recordConsent, pool } = await setup(t)
    const id = await services.addStudy(pool, { patient: 'patient-2' as PatientId })
    const data = [{ meaning: 'instance', reference: { reference: `ImagingStudy/${id}` } }]
    await assert.rejects(
      recordConsent(services.system(), services.block({ data }), CONTEXT),
      refusedWith('unprocessable', 'Consent'),
    )
  })

  it('refuses an unknown patient and an unknown study of a known one in the same words', async (t) => {
    const { recordConsent, pool } = await setup(t)
    const foreign = await services.addStudy(pool, { patient: 'patient-2' as PatientId })
    const own = await services.addStudy(pool)
    const about = (study: string) =>
      services.block({
        data: [{ meaning: 'instance', reference: { reference: `ImagingStudy/${study}` } }],
      })
    const unknown = { identifier: { ...attest().patient, value: '57058550002' } }
    const said = await Promise.all(
      [
        about(foreign),
        about('nowhere'),
        { ...about(own), patient: unknown },
        { ...about(foreign), patient: { reference: 'Patient/nobody' } },
      ].map((consent) =>
        recordConsent(services.system(), consent, CONTEXT).then(
          () => 'recorded',
          (error: unknown) => {
            assert.ok(isHubError(error, 'unprocessable'))
            return JSON.stringify([error.message, error.problems])
          },
        ),
      ),
    )
    assert.equal(new Set(said).size, 1, said.join('\n'))
    assert.match(said[0] ?? '', /the registry does not have/)
  })

  it('tells what is wrong with a consent the same way whether its patient is known or not', async (t) => {
    const { recordConsent } = await setup(t)
    const wrong = services.block({ class: [{ code: 'ImagingStudy' }] })
    for (const consent of [wrong, { ...wrong, patient: { reference: 'Patient/nobody' } }]) {
      await assert.rejects(
        recordConsent(services.system(), consent, CONTEXT),
        refusedWith('unprocessable', 'Consent.provision.class'),
      )
    }
  })

  it('logs every refusal after the permit, with whom it was about where an id says so', async (t) => {
    const { recordConsent, replaceConsent, audited } = await setup(t)
    const unknown = { ...services.block(), patient: { reference: 'Patient/nobody' } }
    await assert.rejects(recordConsent(services.system(), unknown, CONTEXT))
    await assert.rejects(
      replaceConsent(services.system(), { id: 'nowhere', consent: services.block() }, CONTEXT),
    )
    assert.deepEqual(
      audited.map(({ act, reason, entities }) => [act, reason, entities]),
      [
        ['access-refused', 'unprocessable', [queried('POST Consent of Patient/nobody')]],
        ['access-refused', 'not-found', [queried('PUT Consent/nowhere of Patient/patient-1')]],
      ],
    )
  })

  it('refuses a consent with more provisions and criteria than anybody wishes, on any level', async (t) => {
    const { recordConsent } = await setup(t)
    const exception = { type: 'permit', purpose: [{ code: 'TREAT' }] }
    const many = Array.from({ length: 30_000 }, () => exception)
    const deep = { type: 'permit', provision: many.slice(0, 100) }
    for (const provision of [many, [deep], many.slice(0, 100)]) {
      await assert.rejects(
        recordConsent(services.system(), services.block({ provision }), CONTEXT),
        refusedWith('unprocessable', 'Consent.provision'),
      )
    }
  })

  it('refuses a fifty-first active consent of a patient until one is withdrawn', async (t) => {
    const { recordConsent, replaceConsent } = await setup(t)
    const record = () => recordConsent(services.system(), services.block(), CONTEXT)
    const all = await Promise.all(Array.from({ length: 50 }, record))
    await assert.rejects(record(), refusedWith('conflict'))
    const [first] = all
    assert.ok(first)
    const withdrawn = { ...services.block(), status: 'inactive' }
    await recordConsent(services.system(), withdrawn, CONTEXT)
    const { id } = first
    await replaceConsent(services.system(), { id, consent: services.block() }, CONTEXT)
    await replaceConsent(services.system(), { id, consent: withdrawn }, CONTEXT)
    await record()
  })

  it('refuses an active consent it does not understand, and stores nothing', async (t) => {
    const { recordConsent, pool } = await setup(t)
    const provision = { class: [{ code: 'ImagingStudy' }] }
    await assert.rejects(
      recordConsent(services.system(), services.block(provision), CONTEXT),
      refusedWith('unprocessable', 'Consent.provision.class'),
    )
    const { rowCount } = await pool.query(`select 1 from resource where type = 'Consent'`)
    assert.equal(rowCount, 0)
  })

  it('refuses a patient the registry does not know', async (t) => {
    const { recordConsent } = await setup(t)
    const patient = { reference: 'Patient/nobody' }
    await assert.rejects(
      recordConsent(services.system(), { ...services.block(), patient }, CONTEXT),
      refusedWith('unprocessable', 'Consent'),
    )
  })

  it('refuses a token without the scope, and logs that', async (t) => {
    const { recordConsent, audited } = await setup(t)
    const reader = services.system({ actions: new Set(['read-consent']) })
    await assert.rejects(
      recordConsent(reader, services.block(), CONTEXT),
      refusedWith('insufficient-scope'),
    )
    assert.deepEqual(
      audited.map(({ act }) => act),
      ['access-refused'],
    )
  })

  it('records nothing that cannot be logged', async (t) => {
    const { recordConsent, failAudit, sees } = await setup(t)
    failAudit()
    await assert.rejects(recordConsent(services.system(), services.block(), CONTEXT), /full/)
    assert.equal(await sees(), true)
  })
})

describe('a patient’s consents together', () => {
  it('ask no more than a search can be judged by in no time', async (t) => {
    const { recordConsent } = await setup(t)
    const exceptions = Array.from({ length: 199 }, () => ({ type: 'permit' }))
    const large = services.block({ provision: exceptions })
    for (let count = 0; count < 5; count++) {
      await recordConsent(services.system(), large, CONTEXT)
    }
    await assert.rejects(
      recordConsent(services.system(), services.block(), CONTEXT),
      refusedWith('conflict'),
    )
  })
})

describe('replaceConsent', () => {
  it('lifts a block that is withdrawn', async (t) => {
    const { recordConsent, replaceConsent, sees } = await setup(t)
    const { id } = await recordConsent(services.system(), services.block(), CONTEXT)
    const consent = { ...services.block(), status: 'inactive' }
    const { version } = await replaceConsent(services.system(), { id, consent }, CONTEXT)
    assert.equal(version, 2)
    assert.equal(await sees(), true)
  })

  it('replaces the version that is meant and no other', async (t) => {
    const { recordConsent, replaceConsent, sees } = await setup(t)
    const { id } = await recordConsent(services.system(), services.block(), CONTEXT)
    const consent = { ...services.block(), status: 'inactive' }
    const replace = (version: number): Promise<unknown> =>
      replaceConsent(services.system(), { id, consent, ifMatch: [version] }, CONTEXT)
    await assert.rejects(replace(2), refusedWith('precondition-failed'))
    assert.equal(await sees(), false)
    await replace(1)
    assert.equal(await sees(), true)
  })

  it('answers another member’s consent like one that is not there', async (t) => {
    const { recordConsent, replaceConsent, pool, state } = await setup(t)
    const { id } = await recordConsent(services.system(), services.block(), CONTEXT)
    const foreign = services.client({ id: 'client-2' as ClientId, member: world.OTHER })
    await transaction(pool, (db) => insertClient(db, foreign, { at: world.NOW }))
    await state.catchUp()
    const other = services.system({ client: foreign.id, member: world.OTHER })
    for (const named of [id, 'nowhere'])
      await assert.rejects(
        replaceConsent(other, { id: named, consent: services.block() }, CONTEXT),
        refusedWith('not-found'),
      )
  })

  it('does not move a consent to another patient', async (t) => {
    const { recordConsent, replaceConsent, pool } = await setup(t)
    const second = 'patient-2' as PatientId
    await services.addPatient(pool, { system: 'x', value: '2' }, second)
    const { id } = await recordConsent(services.system(), services.block(), CONTEXT)
    const consent = { ...services.block(), patient: { reference: `Patient/${second}` } }
    await assert.rejects(
      replaceConsent(services.system(), { id, consent }, CONTEXT),
      refusedWith('conflict'),
    )
  })
})
