/** The FHIR registry over HTTP on a database of its own, for callers whose access a test lays down. */
import { randomUUID } from 'node:crypto'
import type { TestContext } from 'node:test'
import express from 'express'
import type pg from 'pg'
import { readOwnDefinitions, specificationTexts } from '../../src/definition-files.ts'
import { NO_FACTS, type AccessFilter, type ObjectFacts } from '../../src/domain/access/filter.ts'
import type { Grant } from '../../src/domain/access/grant.ts'
import type { Action, Principal } from '../../src/domain/access/principal.ts'
import type { AuditRecord } from '../../src/domain/audit/event.ts'
import { ihePixOperation } from '../../src/faces/fhir/operations/ihe-pix.ts'
import { matchOperation } from '../../src/faces/fhir/operations/match.ts'
import { validateOperations } from '../../src/faces/fhir/operations/validate.ts'
import type { Operation } from '../../src/faces/fhir/operations/operation.ts'
import { subscriptionOperations } from '../../src/faces/fhir/operations/subscription.ts'
import { submitKithOperation } from '../../src/faces/fhir/operations/submit-kith.ts'
import { fhirRouter } from '../../src/faces/fhir/router.ts'
import { requestId } from '../../src/faces/request-id.ts'
import { setPrincipal } from '../../src/faces/request-state.ts'
import { HubError } from '../../src/kernel/errors.ts'
import type { Log } from '../../src/kernel/log.ts'
import type { ClientId, GrantId, OrganizationId, PatientId } from '../../src/kernel/ids.ts'
import { makeSealer, type Sealer } from '../../src/kernel/seal.ts'
import type { Authorize } from '../../src/services/authorize.ts'
import { makeIssueBindingToken } from '../../src/services/binding-tokens.ts'
import { makeCreateResource } from '../../src/services/create-resource.ts'
import { makeCrossReference } from '../../src/services/cross-reference.ts'
import { makeDecideSight } from '../../src/services/decide-sight.ts'
import { makeDeleteResource } from '../../src/services/delete-resource.ts'
import { makePatchResource } from '../../src/services/patch-resource.ts'
import { makeReadHistory } from '../../src/services/read-history.ts'
import { makeSubscriptionWriter } from '../../src/services/file-subscription.ts'
import { makeLimitRate, type LimitRate } from '../../src/services/limit-rate.ts'
import { makeMatchPatient } from '../../src/services/match-patient.ts'
import { makePatientWriter } from '../../src/services/patient-writer.ts'
import { makeReadResource } from '../../src/services/read-resource.ts'
import { makeReceiveReports } from '../../src/services/receive-reports.ts'
import { makeResourceWriters } from '../../src/services/resource-writers.ts'
import { makeResolvePatient } from '../../src/services/resolve-patient.ts'
import { makeRunBatch } from '../../src/services/run-batch.ts'
import { makeRunTransaction } from '../../src/services/run-transaction.ts'
import { makeSearchResources } from '../../src/services/search-resources.ts'
import { makeSubmitKith, type SubmitKith } from '../../src/services/submit-kith.ts'
import { makeJudgeSubscriber } from '../../src/services/subscription-access.ts'
import { makeReportEvents, makeReportStatus } from '../../src/services/subscription-status.ts'
import { makeUpdateResource } from '../../src/services/update-resource.ts'
import { putResource, type WriteResource } from '../../src/storage/resources.ts'
import { makeUseProof } from '../../src/storage/used-proofs.ts'
import { makeDefinitions } from '../../src/wire/fhir/definitions.ts'
import { makeEnumerateValueSet } from '../../src/wire/fhir/enumerate-value-set.ts'
import { makeStructures } from '../../src/wire/fhir/structures.ts'
import { makeSummarize } from '../../src/wire/fhir/summary.ts'
import { makeValidate } from './validate.ts'
import { makeValidator } from '../../src/wire/fhir/validation/validator.ts'
import { makeXml } from '../../src/wire/fhir/xml.ts'
import { searchValues } from '../../src/wire/fhir/search-values.ts'
import { createDatabase } from './database.ts'
import { listen } from './listen.ts'
import { keepLog } from './log-lines.ts'

export const NORTH = 'north' as OrganizationId
export const WEST = 'west' as OrganizationId
export const ANNE = 'anne' as PatientId
export const BERIT = 'berit' as PatientId
export const NATIONAL = 'urn:oid:2.16.578.1.12.4.1.4.1'
/** Synthetic (month + 80). */
export const ANNES_NUMBER = '17858550084'

export interface Caller {
  readonly member: OrganizationId
  readonly actions: readonly Action[]
  readonly filter: AccessFilter
  readonly grant?: PatientId
}

/** Sees what policy shares of Anne's. */
export const CLINICIAN: Caller = {
  member: WEST,
  actions: ['find', 'read-report', 'read-directory', 'read-consent'],
  filter: { kind: 'patient', is: ANNE },
  grant: ANNE,
}
/** Sees and publishes North's own. */
export const PUBLISHER: Caller = {
  member: NORTH,
  actions: ['find', 'read-report', 'publish', 'read-directory'],
  filter: { kind: 'custodian', in: [NORTH] },
}
export const OPERATOR: Caller = {
  member: NORTH,
  actions: ['operate', 'read-directory'],
  filter: { kind: 'everything' },
}

export interface Answer {
  readonly status: number
  readonly headers: Headers
  // What comes back over a socket is untyped until it is asserted on.
  readonly body: any
}

export interface Sent {
  readonly body?: object | string
  readonly type?: string
  readonly headers?: Readonly<Record<string, string>>
}

export interface Registry {
  readonly pool: pg.Pool
  readonly base: string
  readonly audit: readonly AuditRecord[]
  /** From now on nothing can be logged. */
  failAudit(): void
  /** What was logged, line by line. */
  readonly lines: readonly string[]
  /** `path` is relative to the FHIR base, or a whole link of an answer. */
  ask(caller: Caller, path: string, init?: RequestInit): Promise<Answer>
  post(caller: Caller, path: string, resource: object, headers?: object): Promise<Answer>
  /** With a method and a body other than a POST's. */
  send(caller: Caller, method: string, path: string, sent?: Sent): Promise<Answer>
  search(caller: Caller, type: string, form: Record<string, string>): Promise<Answer>
  put(resource: Row, facts?: Partial<ObjectFacts>, how?: PutOptions): Promise<number>
}

export interface Row {
  readonly resourceType: string
  readonly id: string
  readonly [name: string]: unknown
}

export interface PutOptions extends Partial<WriteResource> {
  readonly quarantined?: boolean
  readonly at?: Date
}

/** What operations are made of that only some tests want. */
export type Ground = ReturnType<typeof makeDeps> & {
  readonly callerOf: (client: string) => Caller | undefined
}

export interface Over {
  readonly limitRate?: LimitRate
  readonly more?: (ground: Ground) => {
    readonly operations: readonly Operation[]
    /** At the FHIR base, before the registry itself. */
    readonly beside?: Readonly<Record<string, express.RequestHandler>>
  }
}

export async function startRegistry(
  t: TestContext,
  { more, ...over }: Over = {},
): Promise<Registry> {
  const { pool } = await createDatabase(t)
  const audit: AuditRecord[] = []
  const auditing = { fails: false }
  const callers = new Map<string, Caller>()
  const { log, lines } = keepLog()
  const app = express()
  const base = `${await listen(t, app)}/fhir`
  app.use(requestId())
  const deps = makeDeps({ pool, base, audit, auditing, callers, log, ...over })
  const added = more?.({ ...deps, callerOf: (client) => callers.get(client) })
  for (const [path, router] of Object.entries(added?.beside ?? {})) app.use(`/fhir/${path}`, router)
  const operations = [...deps.operations, ...(added?.operations ?? [])]
  app.use('/fhir', fhirRouter({ ...deps, operations }))

  const ask: Registry['ask'] = async (caller, path, init) => {
    const key = keyOf(caller)
    callers.set(key, caller)
    const url = path.startsWith('http') ? path : `${base}/${path}`
    const headers = { 'x-caller': key, ...Object.fromEntries(new Headers(init?.headers)) }
    const response = await fetch(url, { ...init, headers })
    const text = await response.text()
    const isJson = response.headers.get('content-type')?.includes('json') === true
    const body: unknown = text === '' ? undefined : isJson ? JSON.parse(text) : text
    return { status: response.status, headers: response.headers, body }
  }
  return {
    pool,
    base,
    audit,
    failAudit() {
      auditing.fails = true
    },
    lines,
    ask,
    post: (caller, path, resource, headers = {}) =>
      ask(caller, path, {
        method: 'POST',
        body: JSON.stringify(resource),
        headers: { 'content-type': 'application/fhir+json', ...headers },
      }),
    send: (caller, method, path, { body, type = 'application/fhir+json', headers = {} } = {}) =>
      ask(caller, path, {
        method,
        ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
        headers: { 'content-type': type, ...headers },
      }),
    search: (caller, type, form) =>
      ask(caller, `${type}/_search`, { method: 'POST', body: new URLSearchParams(form) }),
    put: (resource, facts = {}, { quarantined = false, at = new Date(), ...how } = {}) =>
      putResource(
        pool,
        {
          type: resource.resourceType,
          id: resource.id,
          resource,
          facts: { ...NO_FACTS, ...facts },
          quarantined,
          search: searchValues(resource),
          at,
        },
        { method: 'PUT', ...how },
      ),
  }
}

/** One client and grant for each caller, whatever its access becomes later. */
export function keyOf({ member, grant, actions }: Caller): string {
  return [member, grant ?? '', ...actions].join('/')
}

/** As the hub registers studies (RegisterStudyDeps). */
const REGISTERING = { settleMs: 10_000, timeZone: 'Europe/Oslo' }

interface World {
  readonly pool: pg.Pool
  readonly base: string
  readonly audit: AuditRecord[]
  readonly auditing: { readonly fails: boolean }
  readonly callers: ReadonlyMap<string, Caller>
  readonly log: Log
  readonly limitRate?: LimitRate
}

function makeDeps({
  pool,
  base,
  audit,
  auditing,
  callers,
  log,
  limitRate = makeLimitRate({ clock: () => new Date(), perMinute: 1000 }),
}: World) {
  const callerOf = (principal: Principal): Caller => {
    const caller = callers.get(principal.client)
    if (caller === undefined) throw new HubError('unauthenticated', 'Nobody')
    return caller
  }
  const authorize: Authorize = async (principal, action) => {
    const { actions, filter, grant } = callerOf(principal)
    if (!actions.includes(action)) throw new HubError('insufficient-scope', `No ${action}`)
    return { principal, action, filter, grant: grant && grantOf(principal, grant) }
  }
  const recordAudit = async (record: AuditRecord): Promise<void> => {
    if (auditing.fails) throw new Error('The log cannot be written')
    audit.push(record)
  }
  const clock = (): Date => new Date()
  const rules = { environment: 'development' } as const
  const ownDefinitions = readOwnDefinitions()
  const definitions = makeDefinitions(specificationTexts())
  const enumerate = makeEnumerateValueSet(definitions, ownDefinitions)
  const shared = {
    db: pool,
    pool,
    authorize,
    recordAudit,
    clock,
    base,
    rules,
    limitRate,
    enumerate,
  }
  const decideSight = makeDecideSight(shared)
  const structures = makeStructures(definitions)
  const validator = makeValidator(definitions, ownDefinitions)
  const sealer = makeSealer(Buffer.alloc(32, 1))
  const writing = {
    ...shared,
    decideSight,
    validate: makeValidate(specificationTexts(), ownDefinitions),
    writers: makeResourceWriters({
      sealer,
      more: {
        Patient: makePatientWriter({ ...shared, ...REGISTERING, sealer }),
        Subscription: makeSubscriptionWriter({
          sealer,
          checkEgress: () => undefined,
          environment: 'development',
        }),
      },
    }),
    newId: () => randomUUID(),
  }
  const interactions = {
    createResource: makeCreateResource(writing),
    updateResource: makeUpdateResource(writing),
    patchResource: makePatchResource(writing),
    deleteResource: makeDeleteResource(writing),
    readResource: makeReadResource({ ...shared, decideSight }),
    readHistory: makeReadHistory({ ...shared, decideSight }),
    searchResources: makeSearchResources({ ...shared, decideSight }),
    recordConsent: () => Promise.reject(new HubError('forbidden', 'Not here')),
    replaceConsent: () => Promise.reject(new HubError('forbidden', 'Not here')),
  }
  const deps = {
    ...shared,
    ...interactions,
    runTransaction: makeRunTransaction(writing),
    runBatch: makeRunBatch({ ...interactions, base, enumerate, clock }),
    sealer,
    xml: makeXml(structures),
    summarize: makeSummarize(structures),
    operations: [
      matchOperation({ ...shared, matchPatient: makeMatchPatient(shared) }),
      ihePixOperation({
        crossReference: makeCrossReference({ ...shared, decideSight }),
        nationalIdInUrl: 'reject',
      }),
      submitKithOperation({ submitKith: submissionsOf(writing, sealer) }),
      ...subscriptionsOf({ ...writing, sealer }),
      ...validateOperations({
        reportIssues: (resource, profiles) => validator.report(resource, profiles),
        knowsProfile: validator.knowsProfile,
        readResource: interactions.readResource,
      }),
    ],
    nationalIdInUrl: 'reject',
    version: '0',
    ownDefinitions,
    log,
    guard: (req, _res, next) => {
      const key = req.get('x-caller') ?? ''
      const caller = callers.get(key)
      if (caller === undefined) throw new HubError('unauthenticated', 'No access token')
      setPrincipal(req, principalOf(key, caller))
      next()
    },
  } satisfies Parameters<typeof fhirRouter>[0]
  return { ...deps, decideSight }
}

function subscriptionsOf(
  shared: Omit<Parameters<typeof makeReportStatus>[0], 'judgeSubscriber'> & {
    readonly sealer: Sealer
  },
): readonly Operation[] {
  const { authorize, db } = shared
  const judgeSubscriber = makeJudgeSubscriber({ authorize, state: { client: () => undefined } })
  const subscriptions = { ...shared, judgeSubscriber, useProof: makeUseProof(db) }
  return subscriptionOperations({
    reportStatus: makeReportStatus(subscriptions),
    reportEvents: makeReportEvents(subscriptions),
    issueBindingToken: makeIssueBindingToken(subscriptions),
    socketUrl: 'ws://hub.example/fhir/ws',
  })
}

function submissionsOf(
  writing: Omit<Parameters<typeof makeReceiveReports>[0], 'resolvePatient' | 'sealer'> &
    Omit<Parameters<typeof makeSubmitKith>[0], 'receiveReports' | 'timeZone'> & {
      readonly rules: { readonly environment: 'development' }
    },
  sealer: Sealer,
): SubmitKith {
  const resolvePatient = makeResolvePatient({ ...writing, sealer })
  const receiveReports = makeReceiveReports({ ...writing, resolvePatient, sealer })
  return makeSubmitKith({ ...writing, receiveReports, timeZone: 'Europe/Oslo' })
}

function principalOf(key: string, { member, actions, grant }: Caller): Principal {
  return {
    client: key as ClientId,
    member,
    grant: grant && (`grant-${grant}` as GrantId),
    actions: new Set(actions),
    tokenId: 'token',
  }
}

function grantOf(principal: Principal, patient: PatientId): Grant {
  return {
    id: `grant-${patient}` as GrantId,
    client: principal.client,
    member: principal.member,
    practitioner: { handle: 'handle', name: 'Doctor Example' },
    patient,
    purpose: 'TREAT',
    decisionRef: 'decision',
    actions: [...principal.actions],
    issuedAt: new Date(),
    expiresAt: new Date(Date.now() + 60_000),
  }
}

/** A minimal study as the hub keeps it, with the facts policy asks for. */
export async function putStudy(
  registry: Registry,
  study: {
    readonly id: string
    readonly patient: PatientId
    readonly custodian: OrganizationId
    readonly started?: string
    readonly modality?: string
    readonly quarantined?: boolean
    readonly at?: Date
  },
): Promise<void> {
  const { id, patient, custodian, started, modality = 'CT', ...how } = study
  const uid = `2.25.${Buffer.from(id).join('')}`
  const resource = {
    resourceType: 'ImagingStudy',
    id,
    identifier: [
      { system: 'urn:dicom:uid', value: `urn:oid:${uid}` },
      { system: 'urn:oid:1.2.3', value: `ACC-${id}` },
    ],
    status: 'available',
    subject: { reference: `Patient/${patient}` },
    ...(started !== undefined && { started }),
    endpoint: [{ reference: `Endpoint/${custodian}-wado-rs` }],
    numberOfSeries: 1,
    numberOfInstances: 1,
    series: [
      {
        uid: `${uid}.1`,
        modality: { system: 'http://dicom.nema.org/resources/ontology/DCM', code: modality },
        numberOfInstances: 1,
      },
    ],
  }
  const facts = {
    custodian,
    patient,
    studyUids: [uid as ObjectFacts['studyUids'][number]],
    modalities: [modality],
    startedAt: started === undefined ? null : new Date(started),
  }
  await registry.put(resource, facts, how)
}

/** Anne and Berit, each known by a national id. */
export async function putPatients(registry: Registry): Promise<void> {
  const people = [
    [ANNE, ANNES_NUMBER, 'Ødegård', '1985-05-17'],
    [BERIT, '17558550120', 'Sæther', '1985-05-17'],
  ] as const
  for (const [id, number, family, birthDate] of people) {
    const identifier = [{ system: NATIONAL, value: number }]
    const name = [{ family, given: [id] }]
    await registry.put(
      { resourceType: 'Patient', id, identifier, name, birthDate, gender: 'female' },
      { patient: id },
    )
    await registry.pool.query(
      'insert into patient_identifier (system, value, patient) values ($1, $2, $3)',
      [NATIONAL, number, id],
    )
  }
}

export function idsOf(answer: Answer, mode = 'match'): string[] {
  const entries: { search: { mode: string }; resource: { resourceType: string; id: string } }[] =
    answer.body.entry ?? []
  return entries.filter((entry) => entry.search.mode === mode).map(({ resource }) => resource.id)
}
