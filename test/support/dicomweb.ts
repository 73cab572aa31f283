/** The DICOMweb face on a socket over a real database and object store, for a caller with a filter of the test's choice. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { gzipSync } from 'node:zlib'
import express, { Router } from 'express'
import type { Pool } from 'pg'
import type { AccessFilter } from '../../src/domain/access/filter.ts'
import type { AuditRecord } from '../../src/domain/audit/event.ts'
import type { ImageSource } from '../../src/domain/imaging/source.ts'
import { makeBufferPool } from '../../src/faces/buffer-pool.ts'
import { dicomwebRouter } from '../../src/faces/dicomweb/router.ts'
import { setContext, setPrincipal } from '../../src/faces/request-state.ts'
import type { OrganizationId, SourceId } from '../../src/kernel/ids.ts'
import type { Authorize } from '../../src/services/authorize.ts'
import { makeFindStudies } from '../../src/services/find-studies.ts'
import { makeOpenMetadata } from '../../src/services/open-metadata.ts'
import { makeOpenStudy } from '../../src/services/open-study.ts'
import type { OpenDisclosure } from '../../src/services/record-audit.ts'
import type { IndexedInstance, RegisteredStudy } from '../../src/services/register-study.ts'
import { makeSyncSource, type SyncSource } from '../../src/services/sync-source.ts'
import { makeDicomwebSources } from '../../src/sources/dicomweb.ts'
import { type EgressOptions, makeEgress } from '../../src/sources/egress.ts'
import { transaction } from '../../src/storage/db.ts'
import { makeFileObjects } from '../../src/storage/file-objects.ts'
import { insertLanding } from '../../src/storage/instances.ts'
import { insertSource } from '../../src/storage/sources.ts'
import { toInstanceHeader } from '../../src/wire/dicom/instance-header.ts'
import { makeHeadReader } from '../../src/wire/dicom/read-head.ts'
import { principal } from './audit.ts'
import { listen } from './listen.ts'
import { silentLog } from './log.ts'
import { registerStudy, sealer } from './register.ts'

export interface DicomwebHub {
  /** `http://127.0.0.1:…/dicom-web` */
  readonly url: string
  /** What the caller may see; replace it to change that. */
  filter: AccessFilter
  readonly records: AuditRecord[]
  /** Outcomes of the disclosures that were closed. */
  readonly outcomes: string[]
  /** Cuts every stream that is open, as a revoked grant does. */
  cut(): void
  deposit(custodian: OrganizationId, objects: readonly Buffer[]): Promise<RegisteredStudy>
  /** Registers a source of the custodian at `url`. */
  addSource(custodian: OrganizationId, url: string): Promise<SourceId>
  readonly syncSource: (id: SourceId) => ReturnType<SyncSource>
}

const NOW = new Date('2026-03-01T12:00:00.000Z')
const clock = (): Date => NOW

export async function startDicomweb(
  t: TestContext,
  pool: Pool,
  egressOptions: Partial<EgressOptions> = {},
): Promise<DicomwebHub> {
  const folder = mkdtempSync(join(tmpdir(), 'samsyn-dicomweb-'))
  const objects = await makeFileObjects(folder, { clock })
  const egress = makeEgress({ allow: ['loopback'], ...egressOptions })
  t.after(async () => {
    await egress.close()
    await objects.close()
    rmSync(folder, { recursive: true })
  })
  const openSource = makeDicomwebSources(egress)
  const cuts = new Set<AbortController>()
  const hub: Pick<DicomwebHub, 'filter' | 'records' | 'outcomes'> = {
    filter: { kind: 'everything' },
    records: [],
    outcomes: [],
  }
  const recordAudit = async (record: AuditRecord): Promise<void> => void hub.records.push(record)
  const authorize: Authorize = async (who, action) => ({
    principal: who,
    action,
    filter: hub.filter,
  })
  const openDisclosure: OpenDisclosure = async () => {
    const cut = new AbortController()
    cuts.add(cut)
    return {
      signal: cut.signal,
      add: () => undefined,
      close: async (outcome) => {
        if (cuts.delete(cut)) hub.outcomes.push(outcome)
      },
    }
  }
  const shared = { pool, db: pool, sealer, clock, log: silentLog, recordAudit, authorize }
  const studyDeps = { ...shared, openDisclosure, openSource }
  const app = express()
    .disable('x-powered-by')
    .use((req, _res, next) => {
      setPrincipal(req, principal)
      setContext(req, { requestId: 'request-1', channel: 'dicomweb' })
      next()
    })
    .use(
      '/dicom-web',
      dicomwebRouter({
        openStudy: makeOpenStudy(studyDeps),
        openMetadata: makeOpenMetadata(studyDeps),
        findStudies: makeFindStudies(shared),
        readObject: (...range) => objects.read(...range),
        buffers: makeBufferPool(64 * 1024, 4),
        boundaryOf: (value) => sealer.pseudonym(value, 'multipart-boundary'),
        publicUrl: 'https://hub.example',
        nationalIdInUrl: 'reject',
        log: silentLog,
        storeInstances: Router(),
      }),
    )
  const base = await listen(t, app)
  const syncSource = makeSyncSource({ ...shared, registerStudy, openSource })
  return Object.assign(hub, {
    url: `${base}/dicom-web`,
    cut: () => cuts.forEach((one) => one.abort(new Error('Access has ended'))),
    deposit: (custodian: OrganizationId, all: readonly Buffer[]) =>
      deposit(pool, { custodian, objects: all, store: objects }),
    addSource: (custodian: OrganizationId, url: string) => addSource(pool, custodian, url),
    syncSource: (id: SourceId) =>
      syncSource(id, {}, { context: { requestId: 'request-1', channel: 'command' } }),
  })
}

interface Deposit {
  readonly custodian: OrganizationId
  readonly objects: readonly Buffer[]
  readonly store: Awaited<ReturnType<typeof makeFileObjects>>
}

async function deposit(
  pool: Pool,
  { custodian, objects, store }: Deposit,
): Promise<RegisteredStudy> {
  const landing = await store.createLanding()
  const instances: IndexedInstance[] = []
  for (const object of objects) {
    const offset = landing.position
    await landing.write(object)
    const reader = makeHeadReader({ characterSet: 'ISO_IR 100' })
    await reader.push(object)
    const { dataset, transferSyntaxUid } = await reader.finish()
    const deposited = {
      landing: landing.id,
      offset,
      bytes: object.length,
      sha256: new Uint8Array(await crypto.subtle.digest('SHA-256', new Uint8Array(object))),
      metadata: gzipSync(JSON.stringify(dataset)),
    }
    instances.push({ header: toInstanceHeader(dataset, { transferSyntaxUid }), deposited })
  }
  await landing.commit()
  return transaction(pool, async (db) => {
    await insertLanding(db, { id: landing.id, bytes: landing.position, at: NOW })
    const publishedBy = { member: custodian }
    return registerStudy(db, { custodian, instances, publishedBy, at: NOW })
  })
}

async function addSource(pool: Pool, custodian: OrganizationId, url: string): Promise<SourceId> {
  const source: ImageSource = {
    id: `source-${crypto.randomUUID()}` as SourceId,
    custodian,
    name: 'Archive',
    settings: { url, credentials: { kind: 'none' } },
    timeZone: 'Europe/Oslo',
    characterSet: 'ISO_IR 100',
    active: true,
  }
  await insertSource(pool, sealer, { ...source, at: NOW })
  return source.id
}
