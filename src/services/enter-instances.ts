/**
 * Received objects into the index: durable bytes first, then one transaction that makes them exist, with
 * its event in the log before it commits.
 */
import type { PoolClient } from 'pg'
import type { AuditRecord } from '../domain/audit/event.ts'
import { isHubError } from '../kernel/errors.ts'
import type { Log } from '../kernel/log.ts'
import type {
  ClientId,
  ImagingStudyId,
  InstanceUid,
  OrganizationId,
  StudyUid,
} from '../kernel/ids.ts'
import { findHeldInstances, type HeldInstance } from '../storage/instances.ts'
import type { Landing } from '../storage/objects.ts'
import { findStudyRows, lockStudy } from '../storage/studies.ts'
import { isRace, isRefusal, isUncertain } from '../storage/transaction-errors.ts'
import type { FailedReference, StoredReference } from '../wire/dicom/stow-response.ts'
import { enterTogether, enterWhatCanBe, type EnterFresh } from './enter-fresh.ts'
import { loggedTransaction, type LoggedTransactionDeps } from './logged-transaction.ts'
import type { ReceivedInstance } from './receive-part.ts'
import type { RegisterStudy } from './register-study.ts'

export interface EnterInstancesDeps extends LoggedTransactionDeps {
  readonly registerStudy: RegisterStudy
  readonly log: Log
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
  // The disk works while the rows are prepared; the transaction waits for it before it takes effect.
  const durable = landing.commit()
  durable.catch(() => undefined)
  try {
    const entered = await enterOrLess({ ...entering, durable }, deps)
    if (entered.studies.length === 0) await landing.abort()
    return entered
  } catch (error) {
    // The rows may be there all the same: then the bytes must be, and if not, the object store's sweep
    // removes what no row names.
    if (!isUncertain(error)) await landing.abort()
    throw error
  }
}

interface EnteringDurably extends Entering {
  /** Resolves when the landing's bytes are on disk. */
  readonly durable: Promise<void>
}

/** One object that the database does not take keeps no other out: it is refused on its own. */
async function enterOrLess(entering: EnteringDurably, deps: EnterInstancesDeps): Promise<Entered> {
  try {
    return await attempt(entering, deps, enterTogether)
  } catch (error) {
    if (!isRefusal(error)) throw error
    const { custodian, landing } = entering
    deps.log.warn({ err: error, custodian, landing: landing.id }, 'Some objects cannot be entered')
    return attempt(entering, deps, enterWhatCanBe)
  }
}

async function attempt(
  entering: EnteringDurably,
  deps: EnterInstancesDeps,
  enterFresh: EnterFresh,
): Promise<Entered> {
  for (let turn = 1; ; turn += 1) {
    try {
      return await loggedTransaction(deps, async (db) => {
        const result = await enter(db, entering, { ...deps, enterFresh })
        await entering.durable
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
  { registerStudy, clock, enterFresh }: EnterInstancesDeps & { readonly enterFresh: EnterFresh },
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
  const entered: { study: StudyUid; imagingStudy: ImagingStudyId }[] = []
  const refused = new Set<ReceivedInstance>()
  for (const [study, news] of byStudy(fresh)) {
    const publishedBy = { client, member: custodian }
    const request = { custodian, instances: news, publishedBy, at, landing }
    const { imagingStudy, ...rest } = await enterFresh(db, registerStudy, request)
    for (const instance of rest.refused) refused.add(instance)
    if (imagingStudy !== undefined) entered.push({ study, imagingStudy })
  }
  return { ...told(judged, refused), studies: entered }
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

function told(
  judged: readonly Judged[],
  refused: ReadonlySet<ReceivedInstance>,
): Pick<Entered, 'stored' | 'failed'> {
  const stored: StoredReference[] = []
  const failed: FailedReference[] = []
  for (const { instance, verdict } of judged) {
    const { instanceUid, sopClassUid } = instance.header
    if (verdict === 'differs') failed.push({ reason: 'duplicate', instanceUid, sopClassUid })
    else if (refused.has(instance))
      failed.push({ reason: 'processing-failure', instanceUid, sopClassUid })
    else stored.push(instance.header)
  }
  return { stored, failed }
}

function byStudy(
  instances: readonly ReceivedInstance[],
): ReadonlyMap<StudyUid, readonly ReceivedInstance[]> {
  return Map.groupBy(instances, ({ header }) => header.studyUid)
}
