/** What recording and replacing a consent have in common: reading it whole, and putting it into force. */
import type { Pool, PoolClient } from 'pg'
import { NO_FACTS, type ObjectFacts } from '../domain/access/filter.ts'
import type { Principal } from '../domain/access/principal.ts'
import { parseStudyUid } from '../domain/imaging/uid.ts'
import type { Clock } from '../kernel/clock.ts'
import { HubError } from '../kernel/errors.ts'
import type { OrganizationId, PatientId } from '../kernel/ids.ts'
import { announceChanges } from '../storage/access-changes.ts'
import type { Db } from '../storage/db.ts'
import { lockKey } from '../storage/lock-key.ts'
import { readActiveConsents } from '../storage/patient-consents.ts'
import { findPatient } from '../storage/patient-identifiers.ts'
import { currentPatient, holdPatient } from '../storage/patient-locks.ts'
import { putResource, readResource } from '../storage/resources.ts'
import { findReferencedStudies } from '../storage/study-references.ts'
import { studyReferencesOf } from '../wire/fhir/consent-references.ts'
import { readConsent } from '../wire/fhir/consent.ts'
import { consentParts, requireConsentBounded } from '../wire/fhir/consent-size.ts'
import { isJsonObject, textOf, type JsonObject } from '../wire/fhir/json.ts'
import { namedPatient } from '../wire/fhir/report-links.ts'
import { searchValues } from '../wire/fhir/search-values.ts'
import { accessRecord } from './access-record.ts'
import type { AccessState } from './access-state.ts'
import type { Authorize } from './authorize.ts'
import { putProvenance } from './put-provenance.ts'
import type { RecordAudit, RequestContext } from './record-audit.ts'
import type { JudgeResource } from './write-deps.ts'
import type { CreatedResource } from './write-resource.ts'

export interface ConsentDeps {
  readonly pool: Pool
  readonly state: AccessState
  readonly authorize: Authorize
  readonly recordAudit: RecordAudit
  readonly validate: JudgeResource
  readonly clock: Clock
  readonly newId: () => string
  /** The FHIR base address. */
  readonly base: string
}

/** A consent that has been understood, as it is to be stored. */
export interface UnderstoodConsent {
  readonly resource: JsonObject
  readonly patient: PatientId
}

/**
 * Throws `unprocessable` with every problem: the resource's, its provisions', and last, in words that do
 * not tell which, that the registry lacks its patient or something it names of the patient's.
 */
export async function understandConsent(
  { pool, state, validate, base }: ConsentDeps,
  consent: JsonObject,
  recorder: OrganizationId,
): Promise<UnderstoodConsent> {
  requireConsentBounded(consent)
  const problems = await validate(consent)
  if (problems.length > 0)
    throw new HubError('unprocessable', 'The Consent is not valid', { problems })
  const patient = await findNamed(pool, consent, { base, recorder })
  // A national id the sender named the patient by is not kept.
  const resource = { ...consent, patient: { reference: `Patient/${patient ?? NOBODY}` } }
  const found = await findReferencedStudies(pool, studyReferencesOf(resource))
  const lacking: string[] = []
  readConsent(resource, {
    studies: (reference) => {
      const one = found.get(reference)
      if (one !== undefined && one.patient === patient && one.studies.length > 0) return one.studies
      lacking.push(reference)
      return [NO_STUDY]
    },
    member: (orgnr) => state.memberByOrgnr(orgnr)?.id,
  })
  if (patient === undefined || lacking.length > 0) throw unknown()
  return { resource, patient }
}

/** What stands in while the rest is read, so that an unknown patient's Consent has the same problems. */
const NOBODY = 'nobody'
const NO_STUDY = parseStudyUid('2.25.0')

interface Naming {
  readonly base: string
  readonly recorder: OrganizationId
}

async function findNamed(
  db: Db,
  consent: JsonObject,
  { base, recorder }: Naming,
): Promise<PatientId | undefined> {
  const named = namedPatient({ subject: consent.patient }, base)
  if (named.kind === 'identifier') return findPatient(db, named, recorder)
  if (named.kind !== 'reference') return undefined
  const stored = await readResource(db, 'Patient', named.id)
  if (typeof stored?.content !== 'string') return undefined
  return currentPatient(db, stored.id as PatientId)
}

function unknown(): HubError {
  const text =
    'names a patient, or a study or report of the patient, that the registry does not have'
  return new HubError('unprocessable', `The Consent ${text}`, {
    problems: [{ location: 'Consent', text }],
  })
}

/** The request as the log shows it where it is refused. */
export function consentQuery(interaction: string, consent: JsonObject): string {
  const reference = isJsonObject(consent.patient) ? textOf(consent.patient.reference) : undefined
  return reference === undefined ? interaction : `${interaction} of ${reference.slice(0, 100)}`
}

export interface StoreRequest {
  readonly id: string
  readonly consent: UnderstoodConsent
  readonly principal: Principal
  readonly method: 'POST' | 'PUT'
  readonly context: RequestContext
}

/**
 * Writes the consent, its Provenance and its event, and announces the change: together or not at all.
 * The announcement comes last, because every other one waits for this transaction's end.
 */
export async function storeConsent(
  db: PoolClient,
  deps: ConsentDeps,
  request: StoreRequest,
): Promise<CreatedResource> {
  const { id, consent, principal, method, context } = request
  const { resource, patient } = consent
  await requireRoom(db, id, consent)
  if ((await holdPatient(db, patient)) !== patient)
    throw new HubError('conflict', 'The patient has been linked to another: send it again')
  const at = deps.clock()
  const facts = consentFacts(principal.member, patient)
  const row = { facts, quarantined: false }
  const search = searchValues(resource)
  await putResource(db, { type: 'Consent', id, resource, search, at, ...row }, { method })

  const { member, client } = principal
  const activity = method === 'POST' ? 'CREATE' : 'UPDATE'
  await putProvenance(
    db,
    { target: `Consent/${id}`, recorded: at, member, client, activity },
    { id: deps.newId(), ...row },
  )

  const reference = { kind: 'resource', reference: `Consent/${id}` } as const
  const entities = [{ ...reference, custodian: principal.member }]
  const act = { act: 'consent-recorded', at, outcome: '0', patient, entities } as const
  await deps.recordAudit(accessRecord({ principal }, act, context))
  await announceChanges(db, [{ kind: 'patient', key: patient }])

  const stored = await readResource(db, 'Consent', id)
  if (typeof stored?.content !== 'string') throw new Error('The Consent is not there')
  return { ...stored, content: stored.content, created: method === 'POST' }
}

/** Of one patient, in force at once: a search is judged by all of it, which then takes 0.2 s at most. */
const MAX_ACTIVE = 50
const MAX_ACTIVE_PARTS = 1_000

async function requireRoom(
  db: PoolClient,
  id: string,
  { resource, patient }: UnderstoodConsent,
): Promise<void> {
  if (resource.status !== 'active') return
  // Two that are recorded at once count each other.
  await lockKey(db, `consents/${patient}`)
  const others = (await readActiveConsents(db, patient)).filter((one) => one.id !== id)
  const parts = others.reduce((sum, { content }) => sum + partsOf(content), consentParts(resource))
  if (others.length < MAX_ACTIVE && parts <= MAX_ACTIVE_PARTS) return
  throw new HubError(
    'conflict',
    `A patient has at most ${MAX_ACTIVE} active consents, with ${MAX_ACTIVE_PARTS} provisions and entries ` +
      'of criteria in all: withdraw or replace one of them',
  )
}

function partsOf(content: string): number {
  const consent: unknown = JSON.parse(content)
  return isJsonObject(consent) ? consentParts(consent) : 0
}

/** A consent tells of no study itself: it is seen by whom its custodian and patient allow. */
function consentFacts(custodian: OrganizationId, patient: PatientId): ObjectFacts {
  return { ...NO_FACTS, custodian, patient }
}

/** In force on this node before the answer; on the others when they hear of it. */
export async function putIntoForce({ state }: ConsentDeps): Promise<void> {
  await state.catchUp().catch(() => undefined)
}
