import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, describe, it } from 'node:test'
import { EVERYTHING } from '../../src/domain/access/build-filter.ts'
import type { Action } from '../../src/domain/access/principal.ts'
import type { AuditRecord } from '../../src/domain/audit/event.ts'
import { syntheticNationalId } from '../../src/demo/synthetic-ids.ts'
import { HubError, isHubError } from '../../src/kernel/errors.ts'
import type { ClientId, OrganizationId, PatientId } from '../../src/kernel/ids.ts'
import { makeReceiveAdt } from '../../src/services/receive-adt.ts'
import { makeRegisterStudy } from '../../src/services/register-study.ts'
import { makeResolvePatient } from '../../src/services/resolve-patient.ts'
import { transaction } from '../../src/storage/db.ts'
import { toInstanceHeader } from '../../src/wire/dicom/instance-header.ts'
import { readMessage } from '../../src/wire/hl7v2/message.ts'
import { createDatabase } from '../support/database.ts'
import { ctAttributes } from '../support/dicom.ts'
import { custodian, sealer } from '../support/register.ts'

const { pool } = await createDatabase({ after })
const FNR = 'urn:oid:2.16.578.1.12.4.1.4.1'
const OWN = 'urn:oid:2.999.1'
const CONTEXT = { requestId: 'request-1', channel: 'hl7v2' }
const [SOUTH, NORTH] = [custodian('south'), custodian('north')]
const at = new Date('2026-03-01T08:00:00Z')

const recorded: AuditRecord[] = []
const deps = {
  ...{ pool, sealer, settleMs: 10_000, timeZone: 'Europe/Oslo' },
  clock: () => at,
  rules: { environment: 'development' },
  recordAudit: async (record: AuditRecord) => void recorded.push(record),
  validate: () => [],
  newId: () => randomUUID(),
} as const
const resolvePatient = makeResolvePatient(deps)
const receive = makeReceiveAdt({ ...deps, resolvePatient })
const registerStudy = makeRegisterStudy({ ...deps, resolvePatient })

const PUBLISHER: readonly Action[] = ['publish']
const CLERK: readonly Action[] = ['publish', 'link-patients']

function sender(member: OrganizationId, actions: readonly Action[]) {
  return {
    id: 'sender',
    charset: 'utf-8',
    timeZone: 'Europe/Oslo',
    authorities: { byName: { OWN }, default: undefined },
    permit(action: Action) {
      if (!actions.includes(action)) throw new HubError('forbidden', 'No')
      const principal = {
        ...{ client: 'hl7-sender/1' as ClientId, member, tokenId: '' },
        actions: new Set([action]),
      }
      return { principal, action, filter: EVERYTHING }
    },
  } as const
}

function send(event: string, segments: readonly string[], by = sender(SOUTH, PUBLISHER)) {
  const header = `MSH|^~\\&|EPJ|S|SAMSYN||20260301120000||ADT^${event}|1|P|2.5|||||NOR|UNICODE UTF-8`
  const bytes = new TextEncoder().encode([header, ...segments].join('\r'))
  return receive(readMessage(bytes, { charset: 'utf-8' }), by, CONTEXT)
}

let next = 0
const nationalId = () => syntheticNationalId('1968-08-02', (next += 12))
const localId = () => `H-${(next += 1)}`
const pid = (ids: string, name = 'Lie^Kari', born = '19680802') =>
  `PID|1||${ids}||${name}||${born}|F`
const both = (number: string, local: string) => `${number}^^^^FNR~${local}^^^OWN^MR`

async function ownerOf(system: string, value: string) {
  const { rows } = await pool.query<{ patient: PatientId; custodian: string | null; ends: string }>(
    'select patient, custodian, ends_at as ends from patient_identifier where system = $1 and value = $2',
    [system, value],
  )
  return rows[0]
}

async function contentOf(id: string | undefined) {
  const { rows } = await pool.query(
    `select content from resource where type = 'Patient' and id = $1`,
    [id],
  )
  return rows[0] && JSON.parse(rows[0].content)
}

async function publish(number: string, by: OrganizationId) {
  const header = toInstanceHeader(
    ctAttributes({
      ...{ patientId: number, issuerOid: FNR.slice(8), birthDate: '19680802' },
      patientName: 'Lie^Kari',
    }),
  )
  const { imagingStudy } = await transaction(pool, (db) =>
    registerStudy(db, { custodian: by, instances: [{ header }], publishedBy: { member: by }, at }),
  )
  return imagingStudy
}

async function patientOf(imagingStudy: string) {
  const { rows } = await pool.query(`select patient from resource where id = $1`, [imagingStudy])
  return rows[0].patient
}

describe('a publisher’s system', () => {
  it('names a person by the number, and its own id beside it', async () => {
    const [number, local] = [nationalId(), localId()]
    await send('A28', [pid(both(number, local))])
    const owner = await ownerOf(FNR, number)
    assert.ok(owner)
    assert.equal(owner.custodian, null)
    assert.deepEqual(
      [(await ownerOf(OWN, local))?.patient, (await ownerOf(OWN, local))?.custodian],
      [owner.patient, SOUTH],
    )
    assert.equal(recorded.at(-1)?.patient, owner.patient)
    assert.doesNotMatch(JSON.stringify(recorded), new RegExp(number))
  })

  it('replaces nothing of a person, and is not told whom the registry knows', async () => {
    const number = nationalId()
    await send('A28', [pid(`${number}^^^^FNR`)])
    const { patient } = (await ownerOf(FNR, number)) ?? {}
    for (const lie of [
      pid(`${number}^^^^FNR`, 'Moe^Ola'),
      pid(`${number}^^^^FNR`, 'Lie^Kari', '19700101'),
    ])
      await send('A31', [lie], sender(NORTH, PUBLISHER))
    assert.deepEqual((await contentOf(patient)).name, [
      { use: 'official', family: 'Lie', given: ['Kari'] },
    ])
    assert.deepEqual(
      [recorded.at(-1)?.outcome, recorded.at(-1)?.reason],
      ['4', 'demographics-contradict'],
    )
  })

  it('takes no id of another custodian’s, and one’s own stays with whom it was given to', async () => {
    const [one, two, local] = [nationalId(), nationalId(), localId()]
    await send('A28', [pid(both(one, local))])
    await send('A28', [pid(both(two, local))], sender(NORTH, PUBLISHER))
    const { rows } = await pool.query(
      'select custodian, patient from patient_identifier where value = $1 order by custodian',
      [local],
    )
    assert.deepEqual(
      rows.map(({ custodian: of }) => of),
      [NORTH, SOUTH],
    )
    assert.notEqual(rows[0].patient, rows[1].patient)
    await send('A08', [pid(both(two, local))])
    assert.equal(
      (
        await pool.query(
          'select patient from patient_identifier where value = $1 and custodian = $2',
          [local, SOUTH],
        )
      ).rows[0].patient,
      rows[1].patient,
    )
  })

  it('merges its own ids of one person', async () => {
    const [number, old, kept] = [nationalId(), localId(), localId()]
    await send('A28', [pid(both(number, old))])
    await send('A40', [pid(both(number, kept)), `MRG|${old}^^^OWN^MR`])
    const owner = (await ownerOf(FNR, number))?.patient
    assert.deepEqual(await ownerOf(OWN, old), {
      patient: owner,
      custodian: SOUTH,
      ends: '2026-03-01',
    })
    assert.deepEqual(await ownerOf(OWN, kept), { patient: owner, custodian: SOUTH, ends: null })
  })

  it('merges no two persons, and no numbers', async () => {
    const [one, two, a, b] = [nationalId(), nationalId(), localId(), localId()]
    const others = await publish(two, NORTH)
    await send('A28', [pid(both(one, a))])
    await send('A28', [pid(both(two, b))])
    await assert.rejects(send('A40', [pid(`${a}^^^OWN^MR`), `MRG|${b}^^^OWN^MR`]), (error) =>
      isHubError(error, 'conflict'),
    )
    await assert.rejects(send('A40', [pid(`${one}^^^^FNR`), `MRG|${two}^^^^FNR`]), (error) =>
      isHubError(error, 'forbidden'),
    )
    assert.equal(await patientOf(others), (await ownerOf(FNR, two))?.patient)
    assert.notEqual((await ownerOf(FNR, one))?.patient, (await ownerOf(FNR, two))?.patient)
  })
})

describe('an identity clerk’s system', () => {
  const clerk = sender(SOUTH, CLERK)

  it('enters persons and revises them, leaving what it says nothing of', async () => {
    const [number, local] = [nationalId(), localId()]
    const address = '|||Storgata 1^^Bergen^^5003'
    await send('A28', [pid(both(number, local)) + address], clerk)
    await send('A31', [pid(`${local}^^^OWN^MR`, 'Moe^Kari')], clerk)
    const owner = await ownerOf(OWN, local)
    const { name, address: kept, identifier, meta } = await contentOf(owner?.patient)
    assert.deepEqual(name, [{ use: 'official', family: 'Moe', given: ['Kari'] }])
    assert.deepEqual(kept, [{ line: ['Storgata 1'], city: 'Bergen', postalCode: '5003' }])
    assert.deepEqual(identifier, [{ use: 'official', system: FNR, value: number }])
    assert.equal(meta.versionId, '2')
    assert.deepEqual(
      recorded.slice(-2).map(({ act }) => act),
      ['create', 'update'],
    )
  })

  it('merges two persons, with the studies of all', async () => {
    const [one, two] = [nationalId(), nationalId()]
    const [norths, souths] = [await publish(two, NORTH), await publish(one, SOUTH)]
    const [replaced, survivor] = [await patientOf(norths), await patientOf(souths)]
    await send('A40', [pid(`${one}^^^^FNR`), `MRG|${two}^^^^FNR`], clerk)
    assert.deepEqual([await patientOf(norths), await patientOf(souths)], [survivor, survivor])
    assert.equal((await ownerOf(FNR, two))?.patient, survivor)
    assert.equal((await contentOf(replaced)).active, false)
    assert.ok(
      recorded.some(({ act, patient }) => act === 'patients-linked' && patient === survivor),
    )
  })

  it('is asked to merge first where the ids of a message are of two persons', async () => {
    const [one, two] = [nationalId(), nationalId()]
    await publish(one, SOUTH)
    await publish(two, SOUTH)
    await assert.rejects(send('A08', [pid(`${one}^^^^FNR~${two}^^^^FNR`)], clerk), (error) =>
      isHubError(error, 'conflict'),
    )
  })
})

it('takes nothing of a message that cannot be logged', async () => {
  const silent = makeReceiveAdt({
    ...{ ...deps, resolvePatient },
    recordAudit: () => Promise.reject(new Error('not logged')),
  })
  const number = nationalId()
  const bytes = new TextEncoder().encode(
    `MSH|^~\\&|EPJ|S|SAMSYN||20260301120000||ADT^A28|1|P|2.5\r${pid(`${number}^^^^FNR`)}`,
  )
  const message = readMessage(bytes, { charset: 'utf-8' })
  await assert.rejects(silent(message, sender(SOUTH, PUBLISHER), CONTEXT), /not logged/)
  assert.equal(await ownerOf(FNR, number), undefined)
})
