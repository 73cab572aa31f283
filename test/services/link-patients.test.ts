import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import fc from 'fast-check'
import type { AuditRecord } from '../../src/domain/audit/event.ts'
import { EVERYTHING } from '../../src/domain/access/build-filter.ts'
import type { Action, Principal } from '../../src/domain/access/principal.ts'
import { syntheticNationalId } from '../../src/demo/synthetic-ids.ts'
import { HubError, isHubError } from '../../src/kernel/errors.ts'
import type { GrantId, OrganizationId, PatientId } from '../../src/kernel/ids.ts'
import { makeLinkPatients } from '../../src/services/link-patients.ts'
import { makeRegisterStudy } from '../../src/services/register-study.ts'
import { makeResolvePatient } from '../../src/services/resolve-patient.ts'
import { transaction } from '../../src/storage/db.ts'
import { findPatient } from '../../src/storage/patient-identifiers.ts'
import { putResource } from '../../src/storage/resources.ts'
import { toInstanceHeader } from '../../src/wire/dicom/instance-header.ts'
import { searchValues } from '../../src/wire/fhir/search-values.ts'
import { NO_FACTS } from '../../src/domain/access/filter.ts'
import { principal as publisher } from '../support/audit.ts'
import { createDatabase } from '../support/database.ts'
import { ctAttributes, newUid, type CtOptions } from '../support/dicom.ts'
import { custodian, sealer } from '../support/register.ts'

const { pool } = await createDatabase({ after })
const FNR = 'urn:oid:2.16.578.1.12.4.1.4.1'
const [SOUTH, NORTH] = [custodian('south'), custodian('north')]
const CONTEXT = { requestId: 'request-1', channel: 'test' }
const CLERK: Principal = {
  ...publisher,
  practitioner: undefined,
  actions: new Set(['link-patients']),
}

let now = new Date('2026-03-01T08:00:00Z')
function turn(): void {
  now = new Date(now.getTime() + 60_000)
}
const recorded: AuditRecord[] = []
let logFails = false
const deps = {
  pool,
  sealer,
  clock: () => now,
  rules: { environment: 'development' },
  settleMs: 10_000,
  timeZone: 'Europe/Oslo',
  state: { catchUp: () => Promise.resolve() },
  async recordAudit(record: AuditRecord) {
    if (logFails) throw new Error('not logged')
    recorded.push(record)
  },
  async authorize(principal: Principal, action: Action) {
    if (!principal.actions.has(action)) throw new HubError('insufficient-scope', 'No')
    return { principal, action, filter: EVERYTHING }
  },
} as const
const links = makeLinkPatients(deps)
const registerStudy = makeRegisterStudy({ ...deps, resolvePatient: makeResolvePatient(deps) })

let next = 0
const nationalId = () => syntheticNationalId('1968-08-02', (next += 12))
const person = (): CtOptions => ({
  patientId: nationalId(),
  issuerOid: FNR.slice('urn:oid:'.length),
  patientName: 'Lie^Kari',
  birthDate: '19680802',
})

async function publish(options: CtOptions, by: OrganizationId = SOUTH) {
  const header = toInstanceHeader(ctAttributes(options))
  const { imagingStudy } = await transaction(pool, (db) =>
    registerStudy(db, {
      custodian: by,
      instances: [{ header }],
      publishedBy: { member: by },
      at: now,
    }),
  )
  return imagingStudy
}

async function patientOf(imagingStudy: string) {
  const { rows } = await pool.query(
    `select r.patient, s.patient as indexed, r.content::json #>> '{subject,reference}' as subject, r.quarantined
     from resource r join study s on s.imaging_study = r.id where r.type = 'ImagingStudy' and r.id = $1`,
    [imagingStudy],
  )
  return rows[0]
}

const isOf = (patient: string) => ({
  patient,
  indexed: patient,
  subject: `Patient/${patient}`,
  quarantined: false,
})

async function contentOf(type: string, id: string) {
  const { rows } = await pool.query(`select content from resource where type = $1 and id = $2`, [
    type,
    id,
  ])
  return JSON.parse(rows[0].content)
}

async function consent(id: string, patient: PatientId) {
  const resource = {
    resourceType: 'Consent',
    id,
    status: 'active',
    patient: { reference: `Patient/${patient}` },
  }
  const facts = { ...NO_FACTS, custodian: SOUTH, patient }
  const row = { type: 'Consent', id, resource, facts, quarantined: false }
  await putResource(pool, { ...row, search: searchValues(resource), at: now }, { method: 'POST' })
}

async function grant(id: string, patient: PatientId, at = now) {
  await pool.query(
    `insert into member (id, orgnr, name, roles, created_at) values ('m', '1', 'M', '{}', now()) on conflict do nothing`,
  )
  await pool.query(
    `insert into client (id, member, name, scope, jwks, created_at) values ('c', 'm', 'C', '', '{}', now()) on conflict do nothing`,
  )
  await pool.query(
    `insert into access_grant (id, client, member, patient, purpose, content, attest, issued_at, expires_at)
     values ($1, 'c', 'm', $2, 'TREAT', $3, '', $4, $5)`,
    [id, patient, JSON.stringify({ patient }), at, new Date(at.getTime() + 3_600_000)],
  )
}

async function grantOf(id: string) {
  const { rows } = await pool.query(
    `select patient, content ->> 'patient' as inside, revoked_at is not null as ended from access_grant where id = $1`,
    [id],
  )
  return rows[0]
}

async function two() {
  const [old, kept] = [person(), person()]
  const studies = [await publish(old), await publish(old, NORTH), await publish(kept)] as const
  const [a, b] = [await patientOf(studies[0]), await patientOf(studies[2])]
  const [replaced, survivor] = [a.patient as PatientId, b.patient as PatientId]
  return { old, kept, studies, replaced, survivor }
}

const merge = (replaced: PatientId, survivor: PatientId, by = CLERK) =>
  links.merge(by, { replaced, survivor }, CONTEXT)
const unmerge = (replaced: PatientId, by = CLERK) => links.unmerge(by, replaced, CONTEXT)

const fails = (code: Parameters<typeof isHubError>[1]) => (error: unknown) =>
  isHubError(error, code)

describe('merging two Patients', () => {
  it('gives the survivor the studies, consents, grants and identifiers of both', async () => {
    const { old, studies, replaced, survivor } = await two()
    await consent(`consent-${replaced}`, replaced)
    await grant(`grant-${replaced}`, replaced)
    assert.deepEqual(await merge(replaced, survivor), { replaced, survivor })
    for (const study of studies) assert.deepEqual(await patientOf(study), isOf(survivor))
    const { patient } = await contentOf('Consent', `consent-${replaced}`)
    assert.deepEqual(patient, { reference: `Patient/${survivor}` })
    assert.deepEqual(await grantOf(`grant-${replaced}`), {
      patient: survivor,
      inside: survivor,
      ended: false,
    })
    const identifier = { system: FNR, value: String(old.patientId) }
    assert.equal(await findPatient(pool, identifier), survivor)
    const stays = await contentOf('Patient', survivor)
    assert.deepEqual(stays.identifier[1], { use: 'old', ...identifier })
    assert.deepEqual(stays.link, [
      { other: { reference: `Patient/${replaced}` }, type: 'replaces' },
    ])
    const gone = await contentOf('Patient', replaced)
    assert.equal(gone.active, false)
    assert.deepEqual(gone.link, [
      { other: { reference: `Patient/${survivor}` }, type: 'replaced-by' },
    ])
  })

  it('tells every node who is decided about anew, and each custodian in its own event', async () => {
    const { replaced, survivor } = await two()
    await grant(`grant-${replaced}`, replaced)
    const { rows: before } = await pool.query('select max(seq) as seq from access_change')
    const logged = recorded.length
    await merge(replaced, survivor)
    const { rows } = await pool.query(
      'select kind, key from access_change where seq > $1 order by seq',
      [before[0].seq ?? 0],
    )
    assert.deepEqual(rows, [
      { kind: 'patient', key: replaced },
      { kind: 'patient', key: survivor },
      { kind: 'grant', key: `grant-${replaced}` },
    ])
    const events = recorded.slice(logged)
    assert.ok(events.every(({ act, patient }) => act === 'patients-linked' && patient === survivor))
    const custodians = events.map(({ entities }) => [
      ...new Set(entities.map((one) => ('custodian' in one ? one.custodian : undefined))),
    ])
    assert.deepEqual(custodians, [[NORTH], [SOUTH], [undefined]])
  })

  it('keeps the versions that told of the other Patient', async () => {
    const { studies, replaced, survivor } = await two()
    await merge(replaced, survivor)
    const { rows } = await pool.query(
      `select content::json #>> '{subject,reference}' as subject from resource_version
       where type = 'ImagingStudy' and id = $1 order by version`,
      [studies[0]],
    )
    assert.deepEqual(rows.at(-1), { subject: `Patient/${replaced}` })
  })

  it('sends what is published under the one number to the survivor from then on', async () => {
    const { old, replaced, survivor } = await two()
    await merge(replaced, survivor)
    assert.deepEqual(await patientOf(await publish(old, NORTH)), isOf(survivor))
    const grown = newUid()
    const first = await publish({ ...old, studyUid: grown })
    assert.deepEqual(await patientOf(first), isOf(survivor))
    await publish({ ...old, studyUid: grown, instanceNumber: 2 })
    assert.deepEqual(await patientOf(first), isOf(survivor))
  })

  it('is done once, and not in a circle, nor with oneself, nobody or one that was replaced', async () => {
    const { replaced, survivor } = await two()
    const third = (await patientOf(await publish(person()))).patient as PatientId
    await assert.rejects(merge(survivor, survivor), fails('unprocessable'))
    await assert.rejects(merge('nobody' as PatientId, survivor), fails('not-found'))
    await merge(replaced, survivor)
    await merge(replaced, survivor)
    const { rows } = await pool.query('select 1 from patient_merge where replaced = $1', [replaced])
    assert.equal(rows.length, 1)
    await assert.rejects(merge(survivor, replaced), fails('conflict'))
    await assert.rejects(merge(replaced, third), fails('conflict'))
    await assert.rejects(merge(third, replaced), fails('conflict'))
  })

  it('changes nothing for those who may not, or where it cannot be logged', async () => {
    const { studies, replaced, survivor } = await two()
    const nobody = { ...CLERK, actions: new Set(['publish'] as const) }
    await assert.rejects(merge(replaced, survivor, nobody), fails('insufficient-scope'))
    assert.equal(recorded.at(-1)?.act, 'access-refused')
    logFails = true
    await assert.rejects(merge(replaced, survivor), /not logged/)
    logFails = false
    assert.deepEqual(await patientOf(studies[0]), isOf(replaced))
  })

  it('loses no study that is published while it is done', async () => {
    const { old, replaced, survivor } = await two()
    const published = Array.from({ length: 6 }, () => publish(old))
    const [, ...studies] = await Promise.all([merge(replaced, survivor), ...published])
    for (const study of studies) assert.deepEqual(await patientOf(study), isOf(survivor))
    const { rows } = await pool.query(
      `select id from resource where patient = $1 and type <> 'Provenance'`,
      [replaced],
    )
    assert.deepEqual(rows, [])
  })
})

describe('parting two Patients', () => {
  it('gives back what was moved and ends what nobody can tell apart', async () => {
    const { studies, replaced, survivor } = await two()
    await grant(`grant-a-${replaced}`, replaced)
    await grant(`grant-b-${replaced}`, survivor)
    turn()
    await merge(replaced, survivor)
    turn()
    await grant(`grant-c-${replaced}`, survivor)
    assert.deepEqual(await unmerge(replaced), { replaced, survivor })
    assert.deepEqual(await patientOf(studies[0]), isOf(replaced))
    assert.deepEqual(await patientOf(studies[2]), isOf(survivor))
    const grants = await Promise.all(
      ['a', 'b', 'c'].map(async (one) => await grantOf(`grant-${one}-${replaced}`)),
    )
    assert.deepEqual(
      grants.map(({ patient, ended }) => [patient, ended]),
      [
        [replaced, false],
        [survivor, false],
        [survivor, true],
      ],
    )
    assert.equal(recorded.at(-1)?.reason, 'parted')
  })

  it('leaves it to a person whose the studies are that came meanwhile under the number', async () => {
    const { old, kept, replaced, survivor } = await two()
    await merge(replaced, survivor)
    turn()
    const [came, others] = [await publish(old), await publish(kept)]
    await unmerge(replaced)
    assert.deepEqual(await patientOf(others), isOf(survivor))
    const { patient, quarantined } = await patientOf(came)
    assert.deepEqual([patient, quarantined], [null, true])
    const { rows } = await pool.query(
      'select reason, candidate from unclear_identity where imaging_study = $1',
      [came],
    )
    assert.deepEqual(rows, [{ reason: 'patients-parted', candidate: replaced }])
  })

  it('takes back the last first', async () => {
    const { studies, replaced, survivor } = await two()
    const third = (await patientOf(await publish(person()))).patient as PatientId
    await merge(replaced, survivor)
    await merge(survivor, third)
    assert.deepEqual(await patientOf(studies[0]), isOf(third))
    await assert.rejects(unmerge(replaced), fails('conflict'))
    await unmerge(survivor)
    assert.deepEqual(await patientOf(studies[0]), isOf(survivor))
    await unmerge(replaced)
    assert.deepEqual(await patientOf(studies[0]), isOf(replaced))
    await assert.rejects(unmerge(replaced), fails('not-found'))
  })

  it('leaves a study where a person has put it meanwhile', async () => {
    const { studies, replaced, survivor } = await two()
    const third = (await patientOf(await publish(person()))).patient as PatientId
    await merge(replaced, survivor)
    await pool.query(`update resource set patient = $1 where id = $2`, [third, studies[0]])
    await pool.query(`update study set patient = $1 where imaging_study = $2`, [third, studies[0]])
    await unmerge(replaced)
    assert.equal((await patientOf(studies[0])).patient, third)
  })

  it('of all that was merged restores everything as it was', async () => {
    const world = async (patients: readonly PatientId[]) => {
      const { rows: resources } = await pool.query(
        `select type, id, patient, (content::jsonb - 'meta') as content from resource
         where patient = any($1) and type <> 'Provenance' order by type, id`,
        [patients],
      )
      const { rows: identifiers } = await pool.query(
        `select * from patient_identifier where patient = any($1) order by system, value`,
        [patients],
      )
      const { rows: grants } = await pool.query(
        `select id, patient, content, revoked_at from access_grant where patient = any($1) order by id`,
        [patients],
      )
      return { resources, identifiers, grants }
    }
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(2), { minLength: 1, maxLength: 3 }), async (targets) => {
        const persons = [person(), person(), person(), person()]
        const patients: PatientId[] = []
        for (const one of persons) patients.push((await patientOf(await publish(one))).patient)
        for (const patient of patients) {
          await consent(`consent-${patient}`, patient)
          await grant(`grant-${patient}` as GrantId, patient)
        }
        turn()
        const before = await world(patients)
        const merged: PatientId[] = []
        for (const [at, target] of targets.entries()) {
          const [replaced, survivor] = [patients[at], patients[at + 1 + (target % (3 - at))]]
          if (replaced === undefined || survivor === undefined) continue
          await merge(replaced, survivor)
          merged.unshift(replaced)
        }
        for (const replaced of merged) await unmerge(replaced)
        assert.deepEqual(await world(patients), before)
      }),
      { numRuns: 8 },
    )
  })
})
