/** What one publisher deposits must not take another's studies from those who need them. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { syntheticNationalId } from '../../src/demo/synthetic-ids.ts'
import { makeRegisterStudy } from '../../src/services/register-study.ts'
import { makeResolvePatient } from '../../src/services/resolve-patient.ts'
import { transaction } from '../../src/storage/db.ts'
import { toInstanceHeader } from '../../src/wire/dicom/instance-header.ts'
import { createDatabase } from '../support/database.ts'
import { ctAttributes, newUid, type CtOptions } from '../support/dicom.ts'
import { custodian, sealer } from '../support/register.ts'

const { pool } = await createDatabase({ after })
const VICTIM = custodian('victim')
const ATTACKER = custodian('attacker')
const registerStudy = makeRegisterStudy({
  sealer,
  settleMs: 10_000,
  timeZone: 'Europe/Oslo',
  resolvePatient: makeResolvePatient({
    clock: () => new Date('2026-03-01T08:00:00Z'),
    rules: { environment: 'development' },
    sealer,
  }),
})

let next = 0
const newPatient = (): CtOptions => ({
  patientId: syntheticNationalId('1968-08-02', (next += 12)),
  issuerOid: '2.16.578.1.12.4.1.4.1',
  patientName: 'Lie^Kari',
  birthDate: '19680802',
})

function register(by: typeof VICTIM, options: CtOptions) {
  const header = toInstanceHeader(ctAttributes(options))
  return transaction(pool, (db) =>
    registerStudy(db, {
      custodian: by,
      instances: [{ header }],
      publishedBy: { member: by },
      at: new Date('2026-03-01T08:00:00Z'),
    }),
  )
}

async function isShown(imagingStudy: string): Promise<boolean> {
  const { rows } = await pool.query(
    `select quarantined from resource where type = 'ImagingStudy' and id = $1`,
    [imagingStudy],
  )
  return rows[0].quarantined === false
}

test('an object with the Study UID of another’s study and another patient is doubted, not that study', async () => {
  const patient = newPatient()
  const studyUid = newUid()
  const sound = await register(VICTIM, { ...patient, studyUid })
  const planted = await register(ATTACKER, { ...newPatient(), studyUid })
  assert.equal(planted.quarantined, true)
  assert.equal(await isShown(sound.imagingStudy), true)
  const grown = await register(VICTIM, { ...patient, studyUid, instanceNumber: 2 })
  assert.equal(grown.quarantined, false)
  assert.equal(await isShown(planted.imagingStudy), false)
})

test('an object with the Study UID of another’s study and no patient at all is doubted, not that study', async () => {
  const studyUid = newUid()
  const sound = await register(VICTIM, { ...newPatient(), studyUid })
  const planted = await register(ATTACKER, { studyUid, patientId: 'NOBODY' })
  assert.equal(planted.quarantined, true)
  assert.equal(await isShown(sound.imagingStudy), true)
})

for (const [what, lie] of [
  ['name', { patientName: 'Moe^Ola' }],
  ['birth date', { birthDate: '19700101' }],
] as const) {
  test(`a victim’s national id with another ${what} is doubted, and no study that was sound`, async () => {
    const patient = newPatient()
    const studyUid = newUid()
    const sound = await register(VICTIM, { ...patient, studyUid })
    const planted = await register(ATTACKER, { ...patient, ...lie })
    assert.equal(planted.quarantined, true)
    assert.equal(await isShown(sound.imagingStudy), true)
    for (const again of [{ studyUid, instanceNumber: 2 }, { studyUid: newUid() }])
      assert.equal((await register(VICTIM, { ...patient, ...again })).quarantined, false)
  })
}

test('what an attacker adds to a person that was known without it takes no sound study away', async () => {
  const { patientId, issuerOid } = newPatient()
  const studyUid = newUid()
  const bare = { patientId, issuerOid, studyUid, patientName: '', birthDate: '' }
  const sound = await register(VICTIM, bare)
  await register(ATTACKER, { patientId, issuerOid, patientName: 'Moe^Ola', birthDate: '19000101' })
  const again = await register(VICTIM, { ...bare, instanceNumber: 2 })
  assert.equal(again.quarantined, false)
  assert.equal(await isShown(sound.imagingStudy), true)
})
