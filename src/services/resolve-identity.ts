/** A person settles whose a study is: it is linked, comes out of quarantine, and the log says who decided. */
import { randomUUID } from 'node:crypto'
import type { Pool, PoolClient } from 'pg'
import { claimedNationalId } from '../domain/identity/claimed-identifiers.ts'
import { contradicts } from '../domain/identity/demographics.ts'
import { contradictsBirthDate, type NationalIdRules } from '../domain/identity/national-id.ts'
import type { DicomJson, PatientClaim } from '../domain/imaging/study.ts'
import type { Clock } from '../kernel/clock.ts'
import { HubError } from '../kernel/errors.ts'
import type { OrganizationId, PatientId } from '../kernel/ids.ts'
import type { Sealer } from '../kernel/seal.ts'
import { transaction } from '../storage/db.ts'
import { scheduleSettle } from '../storage/jobs.ts'
import { confirmName } from '../storage/patient-names.ts'
import { findStudyRows, lockStudy, putStudy } from '../storage/studies.ts'
import { findDoubt, settleDoubts, type QueuedDoubt } from '../storage/unclear-queue.ts'
import { addName, demographicsOf } from '../wire/fhir/patient.ts'
import type { Administration, Operator } from './administration.ts'
import { changePatient, createPatient, readPatient } from './keep-patient.ts'
import { patientPseudonym } from './patient-pseudonym.ts'
import type { RecordAudit } from './record-audit.ts'
import { refreshReports } from './refresh-reports.ts'
import { toDemographics } from './resolve-patient.ts'
import { openClaim, type DoubtedClaim } from './sealed-claim.ts'
import { writeStudyResources } from './write-study-resources.ts'

export interface ResolveIdentityDeps {
  readonly pool: Pool
  readonly sealer: Sealer
  readonly recordAudit: RecordAudit
  readonly clock: Clock
  readonly rules: NationalIdRules
  /** As `RegisterStudyDeps` has them. */
  readonly settleMs: number
  readonly timeZone: string
}

export function makeResolveIdentity(deps: ResolveIdentityDeps): Administration['resolveIdentity'] {
  return (id, decision, by) => {
    const at = deps.clock()
    return transaction(deps.pool, async (db) => {
      const doubt = await lockDoubt(db, id)
      const doubted = openClaim(deps.sealer, doubt.imagingStudy, doubt.claim)
      const { claim } = doubted
      const { custodian } = doubt
      const patient = await choosePatient(db, decision, { ...deps, claim, custodian, at })
      await rememberName(db, patient, { doubt, claim, at })
      await settleDoubts(db, doubt.imagingStudy, { at, by: nameOf(by) })
      await link(db, doubt, { doubted, patient, at, by, deps })
      await log(deps.recordAudit, doubt, { patient, at, by })
      return { imagingStudy: doubt.imagingStudy, patient }
    })
  }
}

/** The study's lock keeps its publisher out meanwhile; what it guards is read under it. */
async function lockDoubt(db: PoolClient, id: number): Promise<QueuedDoubt> {
  const found = await findDoubt(db, id)
  if (found === undefined) throw new HubError('not-found', 'There is no such unclear identity')
  await lockStudy(db, found.study)
  const doubt = await findDoubt(db, id)
  if (doubt?.resolvedAt !== null) {
    throw new HubError('conflict', 'Somebody has settled this identity already')
  }
  return doubt
}

interface Claimed {
  readonly claim: PatientClaim
  readonly at: Date
}

interface Choosing extends Claimed, Pick<ResolveIdentityDeps, 'rules' | 'sealer'> {
  readonly custodian: OrganizationId
}

async function choosePatient(
  db: PoolClient,
  decision: PatientId | 'new',
  { claim, custodian, at, rules, sealer }: Choosing,
): Promise<PatientId> {
  if (decision !== 'new') {
    if ((await readPatient(db, decision)) !== undefined) return decision
    throw new HubError('not-found', 'There is no such patient')
  }
  const claimed = claimedNationalId(claim, rules)
  const national = claimed.ok ? claimed.id : undefined
  const id =
    national === undefined ? (randomUUID() as PatientId) : patientPseudonym(sealer, national)
  // The number is the person's; a birth date that is not in it would have every later study doubted.
  const isMistaken =
    national !== undefined && contradictsBirthDate(national, claim.birthDate, rules)
  const told = isMistaken ? { ...claim, birthDate: undefined } : claim
  const { patient } = await createPatient(db, { id, national, custodian, told, at })
  return patient
}

/** A name that was in doubt and is the person's after all (a marriage, a misspelling) is not doubted again. */
async function rememberName(
  db: PoolClient,
  id: PatientId,
  { doubt, claim, at }: Claimed & { readonly doubt: QueuedDoubt },
): Promise<void> {
  if (doubt.reason !== 'demographics-contradict') return
  const { names } = toDemographics(claim)
  await confirmName(db, { patient: id, at })
  await changePatient(db, { id, at }, async (patient) =>
    contradicts({ names }, { names: demographicsOf(patient).names })
      ? addName(patient, claim)
      : undefined,
  )
}

interface Linking {
  readonly doubted: DoubtedClaim
  readonly patient: PatientId
  readonly at: Date
  readonly by: Operator
  readonly deps: ResolveIdentityDeps
}

async function link(db: PoolClient, doubt: QueuedDoubt, linking: Linking): Promise<void> {
  const { imagingStudy, study, custodian } = doubt
  const { patient, at, by, deps } = linking
  const rows = await findStudyRows(db, study)
  const own = rows.find((row) => row.imagingStudy === imagingStudy)
  if (own === undefined) throw new HubError('not-found', 'The study is not in the index any more')
  const attributes = { ...own.attributes, ...patientOf(doubt, linking) }
  const source = own.source ?? undefined
  await putStudy(db, { imagingStudy, custodian, study, source, patient, attributes, at })
  const { principal } = by
  const resolver = principal && { client: principal.client, member: principal.member }
  await writeStudyResources(db, {
    ...{ imagingStudy, study, custodian, patient, attributes, own, at },
    publishedBy: resolver ?? { member: custodian },
    timeZone: own.timeZone ?? deps.timeZone,
  })
  await refreshReports(db, { custodian, studyUid: study, at })
  await scheduleSettle(db, imagingStudy, new Date(at.getTime() + deps.settleMs))
}

/** A study that is its first patient's after all shows what it showed, not whom it was mistaken for. */
function patientOf(
  { candidate }: QueuedDoubt,
  { doubted: { told, before }, patient }: Linking,
): DicomJson {
  return patient === candidate && Object.keys(before).length > 0 ? before : told
}

/** Before the commit: a link that cannot be logged is not made. */
async function log(
  recordAudit: RecordAudit,
  { imagingStudy, study, custodian, reason }: QueuedDoubt,
  { patient, at, by }: Pick<Linking, 'patient' | 'at' | 'by'>,
): Promise<void> {
  await recordAudit({
    act: 'administration',
    at,
    outcome: '0',
    reason: `identity-resolved: ${reason}`,
    ...by.context,
    principal: by.principal,
    patient,
    entities: [{ kind: 'study', imagingStudy, study, custodian }],
  })
}

/** For the queue's own record; the log has the whole principal. */
function nameOf({ principal, context }: Operator): string {
  return principal?.practitioner?.handle ?? principal?.client ?? context.channel
}
