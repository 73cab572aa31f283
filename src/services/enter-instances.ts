/**
 * Received objects into the index: durable bytes first, then one transaction that makes them exist, with
 * its event in the log before it commits.
 */
import type { PoolClient } from 'pg'
import type { AuditRecord } from '../domain/audit/event.ts'
import { isHubError } from '../kernel/errors.ts'
import type {
  ClientId,
  ImagingStudyId,
  InstanceUid,
  OrganizationId,
  StudyUid,
} from '../kernel/ids.ts'
import { findHeldInstances, insertLanding, type HeldInstance } from '../storage/instances.ts'
import type { Landing } from '../storage/objects.ts'
import { findStudyRows, lockStudy } from '../storage/studies.ts'
import { isRace, isUncertain } from '../storage/transaction-errors.ts'
import type { FailedReference, StoredReference } from '../wire/dicom/stow-response.ts'
import { loggedTransaction, type LoggedTransactionDeps } from './logged-transaction.ts'
import type { ReceivedInstance } from './receive-part.ts'
import type { RegisterStudy } from './register-study.ts'

export interface EnterInstancesDeps extends LoggedTransactionDeps {
  readonly registerStudy: RegisterStudy
}

export interface Entering {
  readonly custodian: OrganizationId
  readonly client: ClientId
  readonly landing: Landing
  readonly instances: readonly ReceivedInstance[]
  /** The event of it, which is logged before it takes effect. */
  readonly recordOf: (entered: Entered) => AuditRecord
}

export interface Entered {
  readonly stored: readonly StoredReference[]
  readonly failed: readonly FailedReference[]
  /** Those that something new came to. */
  readonly studies: readonly { readonly study: StudyUid; readonly imagingStudy: ImagingStudyId }[]
}

const NOTHING: Entered = { stored: [], failed: [], studies: [] }

const ATTEMPTS = 5

/** Settles the landing's fate: committed and named by a row, or removed. */
export async function enterInstances(
  entering: Entering,
  deps: EnterInstancesDeps,
): Promise<Entered> {
  const { landing } = entering
  if (entering.instances.length === 0) {
    await landing.abort()
    await deps.recordAudit(entering.recordOf(NOTHING))
    return NOTHING
  }
  await commit(landing)
  try {
    const entered = await attempt(entering, deps)
    if (entered.studies.length === 0) await landing.abort()
    return entered
  } catch (error) {
    // The rows may be there all the same: then the bytes must be, and if not, the object store's sweep
    // removes what no row names.
    if (!isUncertain(error)) await landing.abort()
    throw error
  }
}

async function commit(landing: Landing): Promise<void> {
  try {
    await landing.commit()
  } catch (error) {
    await landing.abort()
    throw error
  }
}

async function attempt(entering: Entering, deps: EnterInstancesDeps): Promise<Entered> {
  for (let turn = 1; ; turn += 1) {
    try {
      return await loggedTransaction(deps, async (db) => {
        const result = await enter(db, entering, deps)
        return { result, record: entering.recordOf(result) }
      })
    } catch (error) {
      const mayPass = isRace(error) || isHubError(error, 'conflict')
      if (turn === ATTEMPTS || !mayPass) throw error
    }
  }
}

async function enter(
  db: PoolClient,
  { custodian, client, landing, instances }: Entering,
  { registerStudy, clock }: EnterInstancesDeps,
): Promise<Entered> {
  const at = clock()
  const studies = byStudy(instances)
  // Always in one order, so that two requests over the same studies wait instead of blocking each other.
  for (const study of [...studies.keys()].sort()) await lockStudy(db, study)
  const uids = instances.map(({ header }) => header.instanceUid)
  const held = new Map(
    (await findHeldInstances(db, custodian, uids)).map((one) => [one.instance, one]),
  )

  const judged = await judgeAll(db, { studies, held, custodian })
  const fresh = judged.filter(({ verdict }) => verdict === 'new').map(({ instance }) => instance)
  if (fresh.length > 0) await insertLanding(db, { id: landing.id, bytes: landing.position, at })
  const entered: { study: StudyUid; imagingStudy: ImagingStudyId }[] = []
  for (const [study, news] of byStudy(fresh)) {
    const publishedBy = { client, member: custodian }
    const registered = await registerStudy(db, { custodian, instances: news, publishedBy, at })
    entered.push({ study, imagingStudy: registered.imagingStudy })
  }
  return { ...told(judged), studies: entered }
}

interface Judged {
  readonly instance: ReceivedInstance
  readonly verdict: 'new' | 'there' | 'differs'
}

interface Judging {
  readonly studies: ReadonlyMap<StudyUid, readonly ReceivedInstance[]>
  readonly held: ReadonlyMap<InstanceUid, HeldInstance>
  readonly custodian: OrganizationId
}

async function judgeAll(
  db: PoolClient,
  { studies, held, custodian }: Judging,
): Promise<readonly Judged[]> {
  const judged: Judged[] = []
  for (const [study, instances] of studies) {
    const isAtSource = instances.some(({ header }) => held.get(header.instanceUid)?.sha256 === null)
    const rows = isAtSource ? await findStudyRows(db, study) : []
    const own = rows.find((row) => row.custodian === custodian)?.imagingStudy
    for (const instance of instances) {
      const verdict = judge(instance, held.get(instance.header.instanceUid), own)
      judged.push({ instance, verdict })
    }
  }
  return judged
}

/** An instance held at a source has no bytes to compare with: the deposited ones take its place. */
function judge(
  { deposited }: ReceivedInstance,
  held: HeldInstance | undefined,
  imagingStudy: ImagingStudyId | undefined,
): Judged['verdict'] {
  if (held === undefined) return 'new'
  if (held.sha256 === null) return held.imagingStudy === imagingStudy ? 'new' : 'differs'
  return Buffer.compare(held.sha256, deposited.sha256) === 0 ? 'there' : 'differs'
}

function told(judged: readonly Judged[]): Pick<Entered, 'stored' | 'failed'> {
  const headersOf = (differs: boolean): readonly ReceivedInstance['header'][] =>
    judged
      .filter(({ verdict }) => (verdict === 'differs') === differs)
      .map(({ instance }) => instance.header)
  return {
    stored: headersOf(false),
    failed: headersOf(true).map(({ instanceUid, sopClassUid }) => ({
      reason: 'duplicate',
      instanceUid,
      sopClassUid,
    })),
  }
}

function byStudy(
  instances: readonly ReceivedInstance[],
): ReadonlyMap<StudyUid, readonly ReceivedInstance[]> {
  return Map.groupBy(instances, ({ header }) => header.studyUid)
}
