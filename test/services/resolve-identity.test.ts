import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import type { AuditRecord } from '../../src/domain/audit/event.ts'
import { syntheticNationalId } from '../../src/demo/synthetic-ids.ts'
import { isHubError } from '../../src/kernel/errors.ts'
import type { PatientId, SourceId } from '../../src/kernel/ids.ts'
import { makeListUnclearIdentities } from '../../src/services/list-unclear-identities.ts'
import { mergePatients } from '../../src/services/merge-patients.ts'
import { makeRegisterStudy } from '../../src/services/register-study.ts'
import { makeResolveIdentity } from '../../src/services/resolve-identity.ts'
import { makeResolvePatient } from '../../src/services/resolve-patient.ts'
import { transaction } from '../../src/storage/db.ts'
import { toInstanceHeader } from '../../src/wire/dicom/instance-header.ts'
import { principal } from '../support/audit.ts'
import { createDatabase } from '../support/database.ts'
import { ctAttributes, newUid, type CtOptions } from '../support/dicom.ts'
import { custodian, sealer } from '../support/register.ts'

const { pool } = await createDatabase({ after })
const FNR_OID = '2.16.578.1.12.4.1.4.1'
const SOUTH = custodian('south')
const by = { principal, context: { requestId: 'request-1', channel: 'admin' } }
const at = new Date('2026-03-01T08:00:00Z')

const recorded: AuditRecord[] = []
const deps = {
  pool,
  sealer,
  clock: () => at,
  rules: { environment: 'development' },
  settleMs: 10_000,
  timeZone: 'Europe/Oslo',
  recordAudit: async (record: AuditRecord) => void recorded.push(record),
} as const
const registerStudy = makeRegisterStudy({ ...deps, resolvePatient: makeResolvePatient(deps) })
const resolve = makeResolveIdentity(deps)
const list = makeListUnclearIdentities(deps)

let next = 0
const nationalId = () => syntheticNationalId('1968-08-02', (next += 12))

interface Registering extends CtOptions {
  readonly source?: SourceId
}

function register({ source, ...options }: Registering) {
  const header = toInstanceHeader(ctAttributes({ birthDate: '19680802', ...options }))
  return transaction(pool, (db) =>
    registerStudy(db, {
      custodian: SOUTH,
      source,
      instances: [{ header }],
      publishedBy: { member: SOUTH },
      at,
    }),
  )
}

/** A study in doubt and the doubt's place in the queue. */
async function doubtful(options: Registering) {
  const { imagingStudy, quarantined } = await register(options)
  assert.equal(quarantined, true)
  const open = await list({}, by)
  const doubt = open.find((one) => one.imagingStudy === imagingStudy)
  assert.ok(doubt)
  return { ...doubt, imagingStudy }
}

async function rowOf(imagingStudy: string) {
  const { rows } = await pool.query(
    `select patient, quarantined, content from resource where type = 'ImagingStudy' and id = $1`,
    [imagingStudy],
  )
  const { content, ...row } = rows[0]
  const { subject, started } = JSON.parse(content)
  return { ...row, subject, started }
}

/** What the index shows of the patient. */
async function patientIn(imagingStudy: string): Promise<{ name?: string; patientId?: string }> {
  const { rows } = await pool.query(
    `select attributes #>> '{00100010,Value,0,Alphabetic}' as name,
       attributes #>> '{00100020,Value,0}' as "patientId" from study where imaging_study = $1`,
    [imagingStudy],
  )
  return Object.fromEntries(Object.entries(rows[0]).filter(([, value]) => value !== null))
}

const patientOf = async (options: CtOptions): Promise<PatientId> =>
  (await rowOf((await register(options)).imagingStudy)).patient

describe('the queue of unclear identities', () => {
  it('shows what the object said and why it waits, and logs who looked', async () => {
    const doubt = await doubtful({ patientId: 'LOCAL-1', patientName: 'Dahl^Per' })
    assert.equal(doubt.reason, 'no-national-id')
    assert.equal(doubt.candidate, null)
    assert.equal(doubt.claim.id, 'LOCAL-1')
    assert.equal(doubt.claim.familyName, 'Dahl')
    assert.equal(recorded.at(-1)?.reason, 'unclear-identities-listed')
    assert.ok(!JSON.stringify(recorded.at(-1)).includes('Dahl'))
  })

  it('names the copy that was registered first beside one that shares nothing with it', async () => {
    const [studyUid, patientId] = [newUid(), nationalId()]
    const attributes = ctAttributes({ studyUid, patientId, birthDate: '19680802' })
    const instances = [{ header: toInstanceHeader(attributes) }]
    const north = { custodian: custodian('north'), publishedBy: { member: custodian('north') } }
    const first = await transaction(pool, (db) => registerStudy(db, { ...north, instances, at }))
    const doubt = await doubtful({ studyUid, patientId })
    assert.equal(doubt.reason, 'study-of-another-custodian')
    const others = doubt.otherCopies.map(({ registeredAt, ...other }) => ({
      ...other,
      registeredAt: new Date(registeredAt),
    }))
    const { imagingStudy } = first
    const patient = doubt.candidate
    assert.deepEqual(others, [
      { imagingStudy, custodian: 'north', patient, instances: 1, registeredAt: at },
    ])

    assert.ok(doubt.candidate)
    await resolve(doubt.id, doubt.candidate, by)
    assert.equal((await rowOf(doubt.imagingStudy)).quarantined, false)
    assert.equal((await register({ studyUid, patientId })).quarantined, false)
  })

  it('tells no custodian in the log about another’s studies', async () => {
    await doubtful({ patientId: 'LOCAL-S' })
    const header = toInstanceHeader(ctAttributes({ patientId: 'LOCAL-N' }))
    const instances = [{ header }]
    const north = { custodian: custodian('north'), publishedBy: { member: custodian('north') } }
    await transaction(pool, (db) => registerStudy(db, { ...north, instances, at }))
    const before = recorded.length
    await list({}, by)
    const custodians = recorded
      .slice(before)
      .map(({ entities }) => new Set(entities.map((one) => 'custodian' in one && one.custodian)))
    // Who was shown as who it may be is in an event that no custodian reads.
    assert.deepEqual(custodians.map(([...all]) => all).sort(), [[false], ['north'], ['south']])
  })

  it('hides national ids but to those who ask for them, and logs that they did', async () => {
    const patientId = nationalId()
    await patientOf({ patientId, issuerOid: FNR_OID, patientName: 'Lie^Kari' })
    const { id } = await doubtful({ patientId, issuerOid: FNR_OID, patientName: 'Moe^Tor' })
    const page = { after: id - 1, limit: 1 }
    const [masked] = await list(page, by)
    assert.equal(masked?.claim.id, `${patientId.slice(0, 6)}*****`)
    const [whole] = await list({ ...page, nationalIds: 'shown' }, by)
    assert.equal(whole?.claim.id, patientId)
    assert.equal(recorded.at(-1)?.reason, 'unclear-identities-listed-with-national-ids')
    assert.ok(!JSON.stringify(recorded.at(-1)).includes(patientId))
  })

  it('is read page by page', async () => {
    const { id } = await doubtful({ patientId: 'LOCAL-2' })
    assert.deepEqual(await list({ after: id }, by), [])
    const [one, ...more] = await list({ after: id - 1, limit: 1 }, by)
    assert.equal(one?.id, id)
    assert.deepEqual(more, [])
  })

  it('names who it may be and why, the likelier first, and logs who was shown', async () => {
    const person = { issuerOid: FNR_OID, patientName: 'Berg^Siri^Marie' }
    const own = await patientOf({ ...person, patientId: nationalId() })
    const namesake = await patientOf({ ...person, patientId: nationalId(), patientName: 'Berg^S' })
    const { id, candidates } = await doubtful({ patientId: 'LOCAL-C', patientName: 'Berg^Siri' })
    assert.deepEqual(
      candidates.map(({ patient, grade }) => [patient, grade]),
      [own, namesake].toSorted().map((patient) => [patient, 'probable']),
    )
    const [first] = candidates
    assert.deepEqual(first?.because, [
      { trait: 'family', verdict: 'same' },
      { trait: 'given', verdict: 'similar' },
      { trait: 'birth-date', verdict: 'same' },
      { trait: 'gender', verdict: 'same' },
    ])
    assert.equal(first.birthDate, '1968-08-02')
    await list({ after: id - 1, limit: 1 }, by)
    const shown = recorded.slice(-2).flatMap(({ entities }) => entities)
    const persons = shown.filter((one) => one.kind === 'resource' && !('custodian' in one))
    assert.equal(persons.length, 2)
  })

  it('shows the patient that a study was registered for, however little speaks for that one', async () => {
    const studyUid = newUid()
    const own = { patientId: nationalId(), issuerOid: FNR_OID, patientName: 'Lie^Kari', studyUid }
    const patient = await patientOf(own)
    const other = { ...own, patientId: nationalId(), patientName: 'Moe^Tor', instanceNumber: 2 }
    const { candidates } = await doubtful({ ...other, birthDate: '19400130' })
    assert.deepEqual(
      candidates.map((one) => [one.patient, one.grade]),
      [[patient, 'certainly-not']],
    )
  })

  it('is not read where that cannot be logged', async () => {
    const silent = makeListUnclearIdentities({
      ...deps,
      recordAudit: () => Promise.reject(new Error('not logged')),
    })
    await assert.rejects(silent({}, by), /not logged/)
  })
})

describe('settling an unclear identity', () => {
  it('links the study to the patient, takes it out of quarantine and logs who decided', async () => {
    const patient = await patientOf({ patientId: nationalId(), issuerOid: FNR_OID })
    const { id, imagingStudy } = await doubtful({ patientId: 'LOCAL-3' })
    assert.deepEqual(await resolve(id, patient, by), { imagingStudy, report: null, patient })
    const { started: _, ...row } = await rowOf(imagingStudy)
    const subject = { reference: `Patient/${patient}` }
    assert.deepEqual(row, { patient, quarantined: false, subject })
    const record = recorded.at(-1)
    assert.equal(record?.act, 'administration')
    assert.equal(record.reason, 'identity-resolved: no-national-id')
    assert.equal(record.patient, patient)
    assert.equal(record.principal, principal)
    assert.ok(!(await list({}, by)).some((one) => one.imagingStudy === imagingStudy))
  })

  it('holds for what is published to the study later', async () => {
    const patient = await patientOf({ patientId: nationalId(), issuerOid: FNR_OID })
    const studyUid = newUid()
    const { id } = await doubtful({ patientId: 'LOCAL-4', studyUid })
    await resolve(id, patient, by)
    const again = await register({ patientId: 'LOCAL-4', studyUid, instanceNumber: 2 })
    assert.equal(again.quarantined, false)
    assert.equal((await rowOf(again.imagingStudy)).patient, patient)
  })

  it('makes a new patient of what the object said', async () => {
    const { id } = await doubtful({
      patientId: 'LOCAL-5',
      issuerOid: '2.999.1',
      patientName: 'Lie^Jo',
    })
    const { patient } = await resolve(id, 'new', by)
    const { rows } = await pool.query(
      `select content from resource where type = 'Patient' and id = $1`,
      [patient],
    )
    const { name, identifier } = JSON.parse(rows[0].content)
    assert.equal(name[0].family, 'Lie')
    assert.equal(identifier, undefined)
    const own = await pool.query(
      `select system, custodian from patient_identifier where patient = $1 and value = 'LOCAL-5'`,
      [patient],
    )
    assert.deepEqual(own.rows, [{ system: 'urn:oid:2.999.1', custodian: 'south' }])
  })

  it('remembers a name that was doubted, so that it is not doubted again', async () => {
    const patientId = nationalId()
    const person = { patientId, issuerOid: FNR_OID }
    const patient = await patientOf({ ...person, patientName: 'Lie^Kari' })
    const { id, reason } = await doubtful({ ...person, patientName: 'Moe^Kari' })
    assert.equal(reason, 'demographics-contradict')
    await resolve(id, patient, by)
    assert.equal(await patientOf({ ...person, patientName: 'Moe^Kari' }), patient)
    assert.equal(await patientOf({ ...person, patientName: 'Lie^Kari' }), patient)
  })

  it('gives the study back what the object said of its patient', async () => {
    const { id, imagingStudy } = await doubtful({ patientId: 'LOCAL-8', patientName: 'Lie^Jo' })
    assert.deepEqual(await patientIn(imagingStudy), {})
    await resolve(id, 'new', by)
    const { name, patientId } = await patientIn(imagingStudy)
    assert.deepEqual([name, patientId], ['Lie^Jo', 'LOCAL-8'])
  })

  it('shows a study that is its first patient’s after all as it was, not as whom it was mistaken for', async () => {
    const studyUid = newUid()
    const own = { patientId: nationalId(), issuerOid: FNR_OID, patientName: 'Lie^Kari', studyUid }
    const patient = await patientOf(own)
    const mistaken = { ...own, patientId: nationalId(), patientName: 'Moe^Tor', instanceNumber: 2 }
    const { id, imagingStudy, candidate } = await doubtful(mistaken)
    assert.equal(candidate, patient)
    await resolve(id, patient, by)
    const { name, patientId } = await patientIn(imagingStudy)
    assert.deepEqual([name, patientId], ['Lie^Kari', own.patientId])
  })

  it('reads times in the zone of the source that holds the study', async () => {
    const source = 'source-new-york' as SourceId
    await pool.query(
      `insert into source (id, custodian, kind, name, settings, time_zone, created_at)
       values ($1, $2, 'dicomweb', 'PACS', '', 'America/New_York', $3)`,
      [source, SOUTH, at],
    )
    const { id, imagingStudy } = await doubtful({ patientId: 'LOCAL-9', source })
    await resolve(id, 'new', by)
    assert.equal((await rowOf(imagingStudy)).started, '2025-03-14T10:15:00-04:00')
  })

  it('makes a new patient without the birth date that its number contradicts', async () => {
    const person = { patientId: nationalId(), issuerOid: FNR_OID, patientName: 'Lie^Kari' }
    const { id, reason, firstClaimer } = await doubtful({ ...person, birthDate: '19000101' })
    assert.deepEqual([reason, firstClaimer], ['demographics-contradict', null])
    const { patient } = await resolve(id, 'new', by)
    assert.equal(await patientOf(person), patient)
  })

  it('names the custodian on whose word alone the contradicted name rests, until somebody settles it', async () => {
    const person = { patientId: nationalId(), issuerOid: FNR_OID }
    const north = custodian('north')
    const first = toInstanceHeader(
      ctAttributes({ ...person, patientName: 'Falsk^Navn', birthDate: '19680802' }),
    )
    await transaction(pool, (db) =>
      registerStudy(db, {
        ...{ custodian: north, instances: [{ header: first }], at },
        publishedBy: { member: north },
      }),
    )
    const { id, firstClaimer } = await doubtful({ ...person, patientName: 'Lie^Kari' })
    assert.equal(firstClaimer, 'north')
    const { rows } = await pool.query(`select patient from patient_identifier where value = $1`, [
      person.patientId,
    ])
    await resolve(id, rows[0].patient, by)
    const later = await doubtful({ ...person, patientName: 'Moe^Eva' })
    assert.equal(later.firstClaimer, null)
  })

  it('is told by a personal number as well, of somebody whom the hub knows', async () => {
    const patientId = nationalId()
    const patient = await patientOf({ patientId, issuerOid: FNR_OID })
    const { id } = await doubtful({ patientId: 'LOCAL-10' })
    for (const [number, code] of [
      ['17858550085', 'invalid'],
      [nationalId(), 'not-found'],
    ] as const)
      await assert.rejects(resolve(id, { nationalId: number }, by), (error) =>
        isHubError(error, code),
      )
    assert.equal((await resolve(id, { nationalId: patientId }, by)).patient, patient)
    assert.doesNotMatch(JSON.stringify(recorded), new RegExp(patientId))
  })

  it('gives nothing to a Patient that has been replaced', async () => {
    const [old, kept] = [nationalId(), nationalId()]
    const replaced = await patientOf({ patientId: old, issuerOid: FNR_OID })
    const survivor = await patientOf({ patientId: kept, issuerOid: FNR_OID })
    await transaction(pool, (db) => mergePatients(db, { replaced, survivor, at, by: 'clerk' }))
    const { id } = await doubtful({ patientId: 'LOCAL-11' })
    await assert.rejects(resolve(id, replaced, by), (error) => isHubError(error, 'conflict'))
    assert.equal((await resolve(id, survivor, by)).patient, survivor)
  })

  it('is done once: the second comes too late, and so does one for a doubt that is not there', async () => {
    const { id } = await doubtful({ patientId: 'LOCAL-6' })
    const both = await Promise.allSettled([resolve(id, 'new', by), resolve(id, 'new', by)])
    assert.deepEqual(both.map(({ status }) => status).sort(), ['fulfilled', 'rejected'])
    await assert.rejects(resolve(id, 'new', by), (error) => isHubError(error, 'conflict'))
    await assert.rejects(resolve(999_999, 'new', by), (error) => isHubError(error, 'not-found'))
  })

  it('changes nothing where the patient is not there or the act cannot be logged', async () => {
    const { id, imagingStudy } = await doubtful({ patientId: 'LOCAL-7' })
    const nobody = 'nobody' as PatientId
    await assert.rejects(resolve(id, nobody, by), (error) => isHubError(error, 'not-found'))
    const silent = makeResolveIdentity({
      ...deps,
      recordAudit: () => Promise.reject(new Error('not logged')),
    })
    await assert.rejects(silent(id, 'new', by), /not logged/)
    assert.equal((await rowOf(imagingStudy)).quarantined, true)
    assert.ok((await list({}, by)).some((one) => one.id === id))
  })
})
