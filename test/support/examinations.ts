/** One examination's parts arriving at a real database: images, reports and orders, of synthetic people. */
import { randomUUID } from 'node:crypto'
import type pg from 'pg'
import { readOwnDefinitions, specificationTexts } from '../../src/definition-files.ts'
import type { ReceivedReport } from '../../src/domain/imaging/report.ts'
import { parseStudyUid } from '../../src/domain/imaging/uid.ts'
import type { AuditRecord } from '../../src/domain/audit/event.ts'
import type { ClientId, OrganizationId } from '../../src/kernel/ids.ts'
import type { Access } from '../../src/services/authorize.ts'
import { fileClinical } from '../../src/services/file-clinical.ts'
import { fileReport, followReport } from '../../src/services/file-report.ts'
import { followOrder } from '../../src/services/follow-order.ts'
import { makeReceiveReports, type ReceiveReports } from '../../src/services/receive-reports.ts'
import { makeRegisterStudy } from '../../src/services/register-study.ts'
import { makeResolvePatient } from '../../src/services/resolve-patient.ts'
import type { ResourceWriter } from '../../src/services/resource-writers.ts'
import { writeResource } from '../../src/services/write-resource.ts'
import { transaction } from '../../src/storage/db.ts'
import type { JsonObject } from '../../src/wire/fhir/json.ts'
import { toInstanceHeader } from '../../src/wire/dicom/instance-header.ts'
import { makeValidate } from './validate.ts'
import { ctAttributes, type CtOptions } from './dicom.ts'
import { sealer } from './register.ts'

export const NORTH = 'north' as OrganizationId
const FNR = '2.16.578.1.12.4.1.4.1'

export interface Person {
  readonly number: string
  readonly family: string
  readonly given: string
  /** YYYY-MM-DD */
  readonly born: string
}
/** Synthetic (month + 80), the second a D-number. */
export const ANNE: Person = {
  number: '17858550084',
  family: 'Ødegård',
  given: 'Anne',
  born: '1985-05-17',
}
export const BERIT: Person = {
  number: '57858550078',
  family: 'Sæther',
  given: 'Berit',
  born: '1985-05-17',
}

export interface Examinations {
  readonly audited: readonly AuditRecord[]
  readonly receiveReports: ReceiveReports
  images(
    options: CtOptions & { readonly of?: Person; readonly accession?: string },
  ): Promise<string>
  report(change?: Partial<ReceivedReport>): ReturnType<ReceiveReports>
  order(numbers: readonly string[], of?: Person): Promise<string>
  publish(resource: JsonObject): Promise<string>
  /** The current resource with what policy asks of it. */
  read(type: string, id: string): Promise<{ readonly content: any; readonly row: any }>
}

export const accessOf = (member: OrganizationId): Access => ({
  principal: {
    client: `${member}-ris` as ClientId,
    member,
    actions: new Set(['publish']),
    tokenId: 'token',
  },
  action: 'publish',
  filter: { kind: 'custodian', in: [member] },
})

export function makeExaminations(pool: pg.Pool): Examinations {
  const audited: AuditRecord[] = []
  const clock = (): Date => new Date()
  const resolvePatient = makeResolvePatient({
    clock,
    rules: { environment: 'development' },
    sealer,
  })
  const registerStudy = makeRegisterStudy({
    resolvePatient,
    sealer,
    settleMs: 10_000,
    timeZone: 'Europe/Oslo',
  })
  const receiveReports = makeReceiveReports({
    pool,
    recordAudit: async (record) => {
      audited.push(record)
    },
    clock,
    resolvePatient,
    sealer,
    validate: makeValidate(specificationTexts(), readOwnDefinitions()),
    newId: () => randomUUID(),
  })

  async function write(writer: ResourceWriter, resource: JsonObject): Promise<string> {
    const access = accessOf(NORTH)
    const ids = { id: randomUUID(), provenanceId: randomUUID() }
    const context = { requestId: 'request-1', channel: 'fhir' }
    const how = { method: 'POST', at: clock(), base: 'http://localhost/fhir', context } as const
    const created = await transaction(pool, (db) =>
      writeResource(db, writer, { access, resource, ...ids, ...how }),
    )
    return created.id
  }

  return {
    audited,
    receiveReports,
    async images({ of = ANNE, accession = 'A-1', ...options }) {
      const attributes = ctAttributes({
        patientId: of.number,
        issuerOid: FNR,
        patientName: `${of.family}^${of.given}`,
        birthDate: of.born.replaceAll('-', ''),
        ...options,
        attributes: { '00080050': { vr: 'SH', Value: [accession] }, ...options.attributes },
      })
      const { imagingStudy } = await transaction(pool, (db) =>
        registerStudy(db, {
          custodian: NORTH,
          instances: [{ header: toInstanceHeader(attributes) }],
          publishedBy: { member: NORTH },
          at: clock(),
        }),
      )
      return imagingStudy
    },
    report: (change = {}) =>
      receiveReports(accessOf(NORTH), [receivedReport(change)], {
        requestId: randomUUID(),
        channel: 'hl7v2',
      }),
    order: (numbers, of = ANNE) =>
      write(
        { action: 'publish', toRow: fileClinical, after: followOrder, contributed: true },
        {
          resourceType: 'ServiceRequest',
          status: 'active',
          intent: 'order',
          subject: { identifier: { system: `urn:oid:${FNR}`, value: of.number } },
          identifier: numbers.map((value) => ({ value })),
        },
      ),
    publish: (resource) =>
      write(
        { action: 'publish', toRow: fileReport, after: followReport, contributed: true },
        resource,
      ),
    async read(type, id) {
      const { rows } = await pool.query('select * from resource where type = $1 and id = $2', [
        type,
        id,
      ])
      return { row: rows[0], content: JSON.parse(rows[0].content) }
    },
  }
}

function receivedReport(change: Partial<ReceivedReport> = {}): ReceivedReport {
  return {
    identifier: { value: 'F-1' },
    status: 'final',
    issued: new Date('2026-01-10T10:30:00Z'),
    patient: claimOf(ANNE),
    studyUids: [],
    accessions: ['A-1'],
    orders: [],
    procedures: [
      { system: 'urn:oid:2.16.578.1.12.4.1.1.7270', code: 'SJJ0AD', display: 'CT Lever' },
    ],
    categories: [{ system: 'urn:oid:2.16.578.1.12.4.1.1.8202', code: 'CT' }],
    sections: [{ text: 'Leveren er stor, æøå.', concludes: false }],
    documents: [],
    responsible: [
      { name: 'Magnar Koman', value: '9144889', system: 'urn:oid:2.16.578.1.12.4.1.4.4' },
    ],
    ...change,
  }
}

export function claimOf({ number, family, given, born }: Person): ReceivedReport['patient'] {
  return {
    id: number,
    issuer: `urn:oid:${FNR}`,
    otherIds: [],
    familyName: family,
    givenName: given,
    birthDate: born,
  }
}

export const studyUid = parseStudyUid
