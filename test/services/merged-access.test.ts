/** Whoever had access to one of two Patients has access to the person, and what was blocked of either stays so. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { matches } from '../../src/domain/access/match-filter.ts'
import type { PatientId, StudyUid } from '../../src/kernel/ids.ts'
import { makeLinkPatients } from '../../src/services/link-patients.ts'
import { insertGrant } from '../../src/storage/grants.ts'
import { putResource } from '../../src/storage/resources.ts'
import {
  addPatient,
  addStudy,
  block,
  CLIENT,
  CONTEXT,
  NO_SEARCH,
  startAccess,
  system,
} from '../support/access-services.ts'
import * as world from '../support/access-worlds.ts'

const NUMBER = 'urn:oid:2.16.578.1.12.4.1.4.1'
const OTHER = 'patient-2' as PatientId
const [OWN, OTHERS, BLOCKED] = ['1.2.1', '1.2.2', '1.2.3'] as StudyUid[]

test('a live grant follows to the survivor and reaches both, less what a block of either keeps back', async (t) => {
  const access = await startAccess(t)
  const { pool, state } = access
  await addPatient(pool, { system: NUMBER, value: '1' })
  await addPatient(pool, { system: NUMBER, value: '2' }, OTHER)
  const facts = [
    { patient: world.PATIENT, studyUids: [OWN] },
    { patient: OTHER, studyUids: [OTHERS] },
    { patient: OTHER, studyUids: [BLOCKED] },
  ].map((one) => world.study(one as Parameters<typeof world.study>[0]))
  for (const one of facts) await addStudy(pool, one)
  const resource = {
    ...block({
      data: [
        {
          meaning: 'instance',
          reference: { identifier: { system: 'urn:dicom:uid', value: `urn:oid:${BLOCKED}` } },
        },
      ],
    }),
    patient: { reference: `Patient/${OTHER}` },
  }
  const row = { type: 'Consent', id: 'block', resource, quarantined: false, search: NO_SEARCH }
  const consent = { ...row, facts: { ...world.study(), patient: OTHER }, at: world.NOW }
  await putResource(pool, consent, { method: 'POST' })
  const grant = world.grant({
    client: CLIENT,
    actions: ['find'],
    issuedAt: world.NOW,
    expiresAt: world.minutes(50),
  })
  await insertGrant(pool, grant, new Uint8Array())
  const clinician = system({ grant: grant.id, actions: new Set(['find']) })
  const seen = async (patient: PatientId): Promise<StudyUid[]> => {
    const { filter } = await access.authorize(clinician, 'find')
    return facts
      .map((one) => ({ ...one, patient }))
      .filter((one) => matches(filter, one))
      .flatMap(({ studyUids }) => studyUids)
  }
  assert.deepEqual(await seen(OTHER), [])

  const links = makeLinkPatients({
    ...access,
    authorize: async (principal, action) => ({ principal, action, filter: { kind: 'nothing' } }),
    ...{ settleMs: 10_000, timeZone: 'Europe/Oslo' },
  })
  const clerk = system({ actions: new Set(['link-patients']) })
  await links.merge(clerk, { replaced: world.PATIENT, survivor: OTHER }, CONTEXT)
  assert.equal((await state.grant(grant.id))?.patient, OTHER)
  assert.equal((await state.consents(OTHER)).length, 1)
  assert.deepEqual(await seen(OTHER), [OWN, OTHERS])

  await links.unmerge(clerk, world.PATIENT, CONTEXT)
  assert.equal((await state.grant(grant.id))?.patient, world.PATIENT)
  assert.deepEqual(await seen(OTHER), [])
})
