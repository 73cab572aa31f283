/** Audit records and disclosures of a made-up world, and an audit log of a test's own. */
import { randomBytes } from 'node:crypto'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import type { Pool } from 'pg'
import type { AuditRecord } from '../../src/domain/audit/event.ts'
import type { Grant } from '../../src/domain/access/grant.ts'
import type { Principal } from '../../src/domain/access/principal.ts'
import { parseStudyUid } from '../../src/domain/imaging/uid.ts'
import type {
  ClientId,
  GrantId,
  ImagingStudyId,
  OrganizationId,
  PatientId,
} from '../../src/kernel/ids.ts'
import type { Access } from '../../src/services/authorize.ts'
import type { DisclosedStudy } from '../../src/services/record-audit.ts'
import { startAudit, type Audit, type AuditDeps } from '../../src/services/start-audit.ts'
import { makeCheckpointKey } from '../../src/wire/audit/checkpoint.ts'
import type { Scope } from './database.ts'
import { silentLog } from './log.ts'

export const principal: Principal = {
  client: 'viewer' as ClientId,
  member: 'north' as OrganizationId,
  unit: '974589095',
  practitioner: { handle: 'handle-1', name: 'Kari Sommer', hprNumber: '9144900', category: 'LE' },
  grant: 'grant-1' as GrantId,
  actions: new Set(['find', 'view-images']),
  tokenId: 'token-1',
}

const grant: Grant = {
  id: 'grant-1' as GrantId,
  client: principal.client,
  member: principal.member,
  practitioner: { handle: 'handle-1', name: 'Kari Sommer' },
  patient: 'patient-1' as PatientId,
  purpose: 'TREAT',
  purposeDetail: 'POLBESOK',
  decisionRef: 'decision-1',
  actions: ['find', 'view-images'],
  issuedAt: new Date('2026-03-01T08:00:00Z'),
  expiresAt: new Date('2026-03-01T09:00:00Z'),
}

export const access: Access = {
  principal,
  action: 'view-images',
  filter: { kind: 'everything' },
  grant,
}

const study = parseStudyUid('1.2.3')
const custodian = 'south' as OrganizationId

export const disclosedStudy: DisclosedStudy = {
  imagingStudy: 'study-1' as ImagingStudyId,
  study,
  custodian,
  facts: {
    custodian,
    patient: grant.patient,
    studyUids: [study],
    modalities: ['CT'],
    bodyRegions: [],
    startedAt: null,
    labels: [],
  },
}

export function auditRecord(over: Partial<AuditRecord> = {}): AuditRecord {
  return {
    act: 'search',
    at: new Date('2026-03-01T08:30:00.123Z'),
    outcome: '0',
    requestId: 'request-1',
    channel: 'fhir',
    principal,
    patient: grant.patient,
    purpose: 'TREAT',
    purposeDetail: 'POLBESOK',
    decisionRef: 'decision-1',
    entities: [{ kind: 'query', query: 'ImagingStudy?patient=patient-1' }],
    ...over,
  }
}

export const checkpointKey = makeCheckpointKey(Buffer.alloc(32, 7))
export const publicKeys = new Map([[checkpointKey.kid, checkpointKey.publicKey]])

export function makeAnchorFile(scope: Scope): string {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'samsyn-anchor-'))
  scope.after(async () => fs.rmSync(folder, { recursive: true, force: true }))
  return path.join(folder, `${randomBytes(4).toString('hex')}.anchor`)
}

/** A running audit log; the test closes it, or lets it die as a crash would. */
export function openAudit(
  pool: Pool,
  anchorFile: string,
  over: Partial<AuditDeps> = {},
): Promise<Audit> {
  return startAudit({
    pool,
    anchorFile,
    key: checkpointKey,
    hub: { name: 'Samsyn', url: 'https://hub.example' },
    watch: () => ({ signal: new AbortController().signal, close: () => undefined }),
    clock: () => new Date(),
    log: silentLog,
    ...over,
  })
}
