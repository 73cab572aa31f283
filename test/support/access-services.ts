/** The access services over a database of the test's own, with a clock that the test turns. */
import { randomUUID } from 'node:crypto'
import type pg from 'pg'
import type { ObjectFacts } from '../../src/domain/access/filter.ts'
import type { Client, Member } from '../../src/domain/access/network.ts'
import { ACTIONS, type Principal } from '../../src/domain/access/principal.ts'
import { scopeOf } from '../../src/domain/access/scopes.ts'
import type { AuditRecord } from '../../src/domain/audit/event.ts'
import type { ClientId, PatientId } from '../../src/kernel/ids.ts'
import { makeSealer, type Sealer } from '../../src/kernel/seal.ts'
import { startAccessState, type AccessState } from '../../src/services/access-state.ts'
import { makeAuthorize, type Authorize } from '../../src/services/authorize.ts'
import type { RecordAudit } from '../../src/services/record-audit.ts'
import type { ConsentDeps } from '../../src/services/store-consent.ts'
import { insertClient } from '../../src/storage/clients.ts'
import { transaction } from '../../src/storage/db.ts'
import { insertMember } from '../../src/storage/members.ts'
import { putResource } from '../../src/storage/resources.ts'
import * as world from './access-worlds.ts'
import { createDatabase, type Scope } from './database.ts'
import { silentLog } from './log.ts'

export const CONTEXT = { requestId: 'request-1', channel: 'test' }
export const CLIENT = 'client-1' as ClientId
export const NO_SEARCH = { keys: [], refs: [], compared: {} }

export interface AccessServices {
  readonly pool: pg.Pool
  /** Of the database, for a process beside this one. */
  readonly url: string
  readonly state: AccessState
  readonly profile: typeof world.NO_CARE
  readonly authorize: Authorize
  readonly sealer: Sealer
  /** Every record of the audit, in order; `failAudit` makes the log refuse. */
  readonly audited: AuditRecord[]
  readonly recordAudit: RecordAudit
  failAudit(): void
  readonly clock: () => Date
  /** Minutes on. */
  turn(minutes: number): void
}

/** Three members with every role, and one client of the requester's with every scope. */
export async function startAccess(scope: Scope): Promise<AccessServices> {
  const { pool, url } = await createDatabase(scope)
  let now = world.NOW
  const clock = (): Date => now
  await transaction(pool, async (db) => {
    for (const id of [world.REQUESTER, world.CUSTODIAN, world.OTHER])
      await insertMember(db, member(id), now)
    await insertClient(db, client(), { at: now })
  })
  const state = await startAccessState({ pool, clock, log: silentLog })
  scope.after(() => state.close())
  const audited: AuditRecord[] = []
  let failing = false
  return {
    pool,
    url,
    state,
    profile: world.NO_CARE,
    authorize: makeAuthorize({ state, profile: world.NO_CARE, clock }),
    sealer: makeSealer(Buffer.alloc(32, 7)),
    audited,
    async recordAudit(record) {
      if (failing) throw new Error('The log is full')
      audited.push(record)
    },
    failAudit() {
      failing = true
    },
    clock,
    turn(minutes) {
      now = world.minutes(minutes, now)
    },
  }
}

function member(id: Member['id']): Member {
  return world.member(id, {
    roles: ['clinical', 'publisher', 'consent-recorder', 'privacy-officer'],
  })
}

export function client(over: Partial<Client> = {}): Client {
  return {
    id: CLIENT,
    member: world.REQUESTER,
    name: 'EPJ',
    scope: ACTIONS.map(scopeOf).join(' '),
    jwks: { keys: [] },
    dpopBound: true,
    active: true,
    ...over,
  }
}

/** A system of the requester's, with a token of the client that `startAccess` registers. */
export function system(over: Partial<Principal> = {}): Principal {
  return world.systemPrincipal({ client: CLIENT, ...over })
}

/** Enters a patient under one identifier. */
export async function addPatient(
  pool: pg.Pool,
  identifier: { readonly system: string; readonly value: string },
  id: PatientId = world.PATIENT,
): Promise<void> {
  await pool.query(`insert into patient_identifier (system, value, patient) values ($1, $2, $3)`, [
    identifier.system,
    identifier.value,
    id,
  ])
  const resource = { resourceType: 'Patient', id }
  const facts = { ...world.study(), custodian: null, patient: id, studyUids: [], modalities: [] }
  const row = { type: 'Patient', id, resource, facts, quarantined: false, search: NO_SEARCH }
  await putResource(pool, { ...row, at: world.NOW }, { method: 'POST' })
}

/** Enters one custodian's copy of a study; returns its id. */
export async function addStudy(pool: pg.Pool, over: Partial<ObjectFacts> = {}): Promise<string> {
  const id = randomUUID()
  const facts = world.study(over)
  const resource = { resourceType: 'ImagingStudy', id }
  const row = { type: 'ImagingStudy', id, resource, facts, quarantined: false, search: NO_SEARCH }
  await putResource(pool, { ...row, at: world.NOW }, { method: 'POST' })
  return id
}

/** A block in FHIR: against everyone and everything, each test narrowing it. */
export function block(provision: object = {}): Readonly<Record<string, unknown>> {
  return {
    resourceType: 'Consent',
    status: 'active',
    scope: {
      coding: [
        {
          system: 'http://terminology.hl7.org/CodeSystem/consentscope',
          code: 'patient-privacy',
        },
      ],
    },
    category: [{ coding: [{ system: 'http://loinc.org', code: '59284-0' }] }],
    patient: { reference: `Patient/${world.PATIENT}` },
    dateTime: '2026-06-01',
    policyRule: { coding: [{ code: 'PBRL5-3' }] },
    provision: { type: 'deny', ...provision },
  }
}

/** What recording consents needs besides; validation of the resource itself has tests of its own. */
export function consentDeps(access: AccessServices): ConsentDeps {
  const { pool, state, authorize, recordAudit, clock } = access
  const base = 'https://hub.example/fhir'
  return { pool, state, authorize, recordAudit, clock, newId: randomUUID, validate: () => [], base }
}
