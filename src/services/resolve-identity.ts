/** A person settles whose a study is: it is linked, comes out of quarantine, and the log says who decided. */
import { randomUUID } from 'node:crypto'
import type { Pool, PoolClient } from 'pg'
import { claimedNationalId } from '../domain/identity/claimed-identifiers.ts'
import { contradicts } from '../domain/identity/demographics.ts'
import {
  contradictsBirthDate,
  parseNationalId,
  type NationalIdRules,
} from '../domain/identity/national-id.ts'
import type { DicomJson, PatientClaim } from '../domain/imaging/study.ts'
import type { Clock } from '../kernel/clock.ts'
import { HubError } from '../kernel/errors.ts'
import type { OrganizationId, PatientId } from '../kernel/ids.ts'
import type { Sealer } from '../kernel/seal.ts'
import { transaction } from '../storage/db.ts'
import { scheduleSettle } from '../storage/jobs.ts'
import { lockKey } from '../storage/lock-key.ts'
import { findPatient } from '../storage/patient-identifiers.ts'
import { holdPatient } from '../storage/patient-locks.ts'
import { confirmName } from '../storage/patient-names.ts'
import { findStudyRows, lockStudy, putStudy } from '../storage/studies.ts'
import {
  findDoubt,
  settleDoubts,
  type QueuedDoubt,
  type QueuedStudyDoubt,
} from '../storage/unclear-queue.ts'
import { addName, demographicsOf } from '../wire/fhir/patient.ts'
import type { Administration, IdentityDecision, Operator } from './administration.ts'
import { doubtEntity } from './doubt-entity.ts'
import { changePatient, createPatient, readPatient } from './keep-patient.ts'
import { patientPseudonym } from './patient-pseudonym.ts'
import type { RecordAudit } from './record-audit.ts'
import { refreshReports } from './refresh-reports.ts'
import { toDemographics } from './resolve-patient.ts'
import { settleReportIdentity } from './settle-report-identity.ts'
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
      const doubted = openClaim(deps.sealer, doubt.report ?? doubt.imagingStudy, doubt.claim)
      const { claim } = doubted
      const { custodian, imagingStudy, report } = doubt
      const patient = await choosePatient(db, decision, { ...deps, claim, custodian, at })
      await rememberName(db, patient, { doubt, claim, at })
      if (doubt.report === null) {
        await settleDoubts(db, doubt.imagingStudy, { at, by: nameOf(by) })
        await link(db, doubt, { doubted, patient, at, by, deps })
      } else {
        const settled = { report: doubt.report, custodian, patient, at, by: nameOf(by) }
        await settleReportIdentity(db, settled)
      }
      await log(deps.recordAudit, doubt, { patient, at, by })
      return { imagingStudy, report, patient }
    })
  }
}

/** The study's lock keeps its publisher out meanwhile; what it guards is read under it. */
async function lockDoubt(db: PoolClient, id: number): Promise<QueuedDoubt> {
  const found = await findDoubt(db, id)
  if (found === undefined) throw new HubError('not-found', 'There is no such unclear identity')
  if (found.report === null) await lockStudy(db, found.study)
  else await lockKey(db, `unclear-identity/${found.report}`)
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
  decision: IdentityDecision,
  { claim, custodian, at, rules, sealer }: Choosing,
): Promise<PatientId> {
  if (decision !== 'new') return findChosen(db, decision, rules)
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

async function findChosen(
  db: PoolClient,
  decision: Exclude<IdentityDecision, 'new'>,
  rules: NationalIdRules,
): Promise<PatientId> {
  const chosen = typeof decision === 'string' ? decision : await findNumbered(db, decision, rules)
  if (chosen === undefined || (await readPatient(db, chosen)) === undefined)
    throw new HubError('not-found', 'There is no such patient')
  const current = await holdPatient(db, chosen)
  if (current === chosen) return chosen
  throw new HubError('conflict', `This Patient has been replaced by Patient/${current}`)
}

async function findNumbered(
  db: PoolClient,
  { nationalId }: { readonly nationalId: string },
  rules: NationalIdRules,
): Promise<PatientId | undefined> {
  const parsed = parseNationalId(nationalId, rules)
  if (parsed.ok) return findPatient(db, parsed.id)
  throw new HubError('invalid', 'This is no personal number of the population that this hub serves')
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

async function link(db: PoolClient, doubt: QueuedStudyDoubt, linking: Linking): Promise<void> {
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
  { candidate }: QueuedStudyDoubt,
  { doubted: { told, before }, patient }: Linking,
): DicomJson {
  return patient === candidate && Object.keys(before).length > 0 ? before : told
}

/** Before the commit: a link that cannot be logged is not made. */
async function log(
  recordAudit: RecordAudit,
  doubt: QueuedDoubt,
  { patient, at, by }: Pick<Linking, 'patient' | 'at' | 'by'>,
): Promise<void> {
  await recordAudit({
    act: 'administration',
    at,
    outcome: '0',
    reason: `identity-resolved: ${doubt.reason}`,
    ...by.context,
    principal: by.principal,
    patient,
    entities: [doubtEntity(doubt)],
  })
}

/** For the queue's own record; the log has the whole principal. */
function nameOf({ principal, context }: Operator): string {
  return principal?.practitioner?.handle ?? principal?.client ?? context.channel
}
