/**
 * Opening a study's objects for a caller: decide, find a permitted copy, log the disclosure, and only then
 * hand over bytes. "Not yours" and "not there" are one statement and one answer (access.md section 3).
 */
import type { Pool } from 'pg'
import type { Principal } from '../domain/access/principal.ts'
import type { AuditEntity } from '../domain/audit/event.ts'
import { HubError, type HubErrorCode } from '../kernel/errors.ts'
import type { Clock } from '../kernel/clock.ts'
import type { Log } from '../kernel/log.ts'
import type { Sealer } from '../kernel/seal.ts'
import type { OpenDicomwebSource } from '../sources/dicomweb.ts'
import {
  type CopyInstance,
  type DepositedPlace,
  type StudyCopy,
  type StudyScope,
} from '../storage/study-copies.ts'
import { accessRecord } from './access-record.ts'
import type { Access, Authorize } from './authorize.ts'
import { permit } from './permit.ts'
import type { Disclosure, OpenDisclosure, RecordAudit, RequestContext } from './record-audit.ts'
import { makeFindCopies } from './recent-copies.ts'
import { type RelayedInstance, relayInstances } from './relay-instances.ts'
import { sourceOf } from './source-of-copy.ts'
import { startingWith } from './starting-with.ts'
import { tryCopies } from './try-copies.ts'

export type { CopyInstance, DepositedPlace, StudyCopy, StudyScope, RelayedInstance }

export interface FoundStudy {
  readonly access: Access
  readonly scope: StudyScope
  readonly context: RequestContext
  /** Permitted and holding something of the scope, best first; never empty. */
  readonly copies: readonly StudyCopy[]
}

export interface DepositedInstance extends CopyInstance {
  readonly deposited: DepositedPlace
}

export interface OpenedStudy {
  readonly copy: StudyCopy
  readonly deposited: readonly DepositedInstance[]
  /** What the source hands over, checked; present where the copy is not wholly deposited. */
  readonly relayed: AsyncIterable<RelayedInstance> | undefined
  readonly disclosure: Disclosure
  /** Aborts when the caller leaves or access ends. */
  readonly signal: AbortSignal
  /** Lets go of the source; safe at any time. */
  discard(): void
}

export interface OpenRequest {
  /** Which of the found copies will do, best first. */
  readonly copies: readonly StudyCopy[]
  readonly accepts: (transferSyntax: string) => boolean
  /** Aborts when the caller leaves. */
  readonly signal: AbortSignal
}

export interface ToldStudy {
  /** Those that the answer speaks of. */
  readonly copies: readonly StudyCopy[]
  /** Code of the error that tells of them. */
  readonly reason?: HubErrorCode | undefined
}

export interface OpenStudy {
  /** Throws `not-found` where nothing of the scope is there or permitted, and what `Authorize` throws. */
  find(principal: Principal, scope: StudyScope, context: RequestContext): Promise<FoundStudy>
  /**
   * Resolves when the disclosure is committed and, for a source-held copy, its first object has begun to
   * arrive. A copy whose source fails by then gives way to the next. Throws the last source's failure.
   */
  open(found: FoundStudy, request: OpenRequest): Promise<OpenedStudy>
  /**
   * Call before an answer without objects: that a study is there, how large it is and how it is held are
   * facts about a patient too. Resolves when the event is committed.
   */
  tell(found: FoundStudy, told: ToldStudy): Promise<void>
}

export interface OpenStudyDeps {
  readonly pool: Pool
  readonly sealer: Sealer
  readonly clock: Clock
  readonly log: Log
  readonly authorize: Authorize
  readonly recordAudit: RecordAudit
  readonly openDisclosure: OpenDisclosure
  readonly openSource: OpenDicomwebSource
}

export function makeOpenStudy(deps: OpenStudyDeps): OpenStudy {
  const findCopies = makeFindCopies({ db: deps.pool, clock: deps.clock })
  return {
    async find(principal, scope, context) {
      const query = pathOf(scope)
      const access = await permit(deps, { principal, action: 'view-images', query }, context)
      const copies = await findCopies(scope, { member: principal.member, filter: access.filter })
      if (copies.length === 0) {
        await auditMiss(deps, { access, context }, query)
        throw new HubError('not-found', 'No such study, series or instance')
      }
      return { access, scope, context, copies }
    },
    open: (found, request) =>
      tryCopies({ ...request, log: deps.log }, (copy) => openCopy(deps, { found, request, copy })),
    tell: (found, told) => auditTold(deps, found, told),
  }
}

async function auditTold(
  { clock, recordAudit }: OpenStudyDeps,
  { access, context }: FoundStudy,
  { copies, reason }: ToldStudy,
): Promise<void> {
  const entities = copies.map(({ imagingStudy, study, custodian }): AuditEntity => ({
    kind: 'study',
    ...{ imagingStudy, study, custodian },
  }))
  const patient = copies[0]?.facts.patient ?? access.grant?.patient
  const outcome = reason === undefined ? '0' : '4'
  const act = { act: 'read', at: clock(), outcome, reason, patient, entities } as const
  await recordAudit(accessRecord(access, act, context))
}

async function auditMiss(
  { clock, recordAudit }: OpenStudyDeps,
  { access, context }: Pick<FoundStudy, 'access' | 'context'>,
  query: string,
): Promise<void> {
  const entities = [{ kind: 'query', query }] as const
  const act = { at: clock(), outcome: '4', reason: 'not-found', entities } as const
  await recordAudit(accessRecord(access, { act: 'access-refused', ...act }, context))
}

function pathOf({ study, series, instance }: StudyScope): string {
  const parents = series === undefined ? '' : `/series/${series}`
  return `studies/${study}${parents}${instance === undefined ? '' : `/instances/${instance}`}`
}

interface Opening {
  readonly found: FoundStudy
  readonly request: OpenRequest
  readonly copy: StudyCopy
}

async function openCopy(deps: OpenStudyDeps, opening: Opening): Promise<OpenedStudy> {
  const { found, request, copy } = opening
  const disclosure = await deps.openDisclosure(found.access, copy, found.context)
  const signal = AbortSignal.any([request.signal, disclosure.signal])
  const deposited = copy.instances.filter(isDeposited)
  const held = { copy, deposited, disclosure, signal }
  if (deposited.length === copy.instances.length)
    return { ...held, relayed: undefined, discard: () => undefined }
  try {
    return { ...held, ...(await openRelay(deps, opening, signal)) }
  } catch (error) {
    await disclosure.close('failed')
    throw error
  }
}

export function isDeposited(instance: CopyInstance): instance is DepositedInstance {
  return instance.deposited !== undefined
}

async function openRelay(
  deps: OpenStudyDeps,
  { found, request, copy }: Opening,
  signal: AbortSignal,
): Promise<Pick<OpenedStudy, 'relayed' | 'discard'>> {
  const source = await sourceOf(deps, copy)
  const answer = await source.retrieveInstances(found.scope, signal)
  const instances = relayInstances(answer, {
    expected: copy.instances.filter((instance) => !isDeposited(instance)),
    accepts: request.accepts,
  })
  try {
    const first = await instances.next()
    return { relayed: startingWith(first, instances), discard: () => answer.discard() }
  } catch (error) {
    answer.discard()
    throw error
  }
}
