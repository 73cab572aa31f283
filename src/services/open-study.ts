/**
 * Opening a study's objects for a caller: decide, find a permitted copy, log the disclosure, and only then
 * hand over bytes. "Not yours" and "not there" are one statement and one answer (access.md section 3).
 */
import type { Pool } from 'pg'
import type { Principal } from '../domain/access/principal.ts'
import { HubError, isHubError } from '../kernel/errors.ts'
import type { Clock } from '../kernel/clock.ts'
import type { Log } from '../kernel/log.ts'
import type { Sealer } from '../kernel/seal.ts'
import type { OpenDicomwebSource } from '../sources/dicomweb.ts'
import { findSource } from '../storage/sources.ts'
import {
  type CopyInstance,
  type DepositedPlace,
  findStudyCopies,
  type StudyCopy,
  type StudyScope,
} from '../storage/study-copies.ts'
import type { Access, Authorize } from './authorize.ts'
import type { Disclosure, OpenDisclosure, RecordAudit, RequestContext } from './record-audit.ts'
import { type RelayedInstance, relayInstances } from './relay-instances.ts'

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

export interface OpenStudy {
  /** Throws `not-found` where nothing of the scope is there or permitted, and what `Authorize` throws. */
  find(principal: Principal, scope: StudyScope, context: RequestContext): Promise<FoundStudy>
  /**
   * Resolves when the disclosure is committed and, for a source-held copy, its first object has begun to
   * arrive. A copy whose source fails by then gives way to the next. Throws the last source's failure.
   */
  open(found: FoundStudy, request: OpenRequest): Promise<OpenedStudy>
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
  return {
    async find(principal, scope, context) {
      const access = await deps.authorize(principal, 'view-images')
      const copies = await findStudyCopies(deps.pool, scope, access.filter)
      if (copies.length === 0) {
        await auditMiss(deps, { access, scope, context })
        throw new HubError('not-found', 'No such study, series or instance')
      }
      return { access, scope, context, copies }
    },
    async open(found, request) {
      let failure: unknown = new HubError('not-found', 'No such study, series or instance')
      for (const copy of request.copies) {
        try {
          return await openCopy(deps, { found, request, copy })
        } catch (error) {
          if (!isSourceFailure(error) || request.signal.aborted) throw error
          failure = error
          deps.log.warn(
            { source: copy.source, imagingStudy: copy.imagingStudy, cause: causeOf(error) },
            error.message,
          )
        }
      }
      throw failure
    },
  }
}

function isSourceFailure(error: unknown): error is HubError {
  return isHubError(error) && error.code.startsWith('source-')
}

function causeOf(error: HubError): string | undefined {
  return error.cause instanceof Error ? error.cause.message : undefined
}

async function auditMiss(
  { clock, recordAudit }: OpenStudyDeps,
  { access, scope, context }: Omit<FoundStudy, 'copies'>,
): Promise<void> {
  await recordAudit({
    act: 'access-refused',
    at: clock(),
    outcome: '4',
    reason: 'not-found',
    ...context,
    principal: access.principal,
    ...(access.grant !== undefined && {
      patient: access.grant.patient,
      purpose: access.grant.purpose,
      purposeDetail: access.grant.purposeDetail,
      decisionRef: access.grant.decisionRef,
    }),
    entities: [{ kind: 'query', query: pathOf(scope) }],
  })
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
  const source =
    copy.source === null ? undefined : await findSource(deps.pool, deps.sealer, copy.source)
  if (source?.active !== true)
    throw new HubError('source-unavailable', 'The source of this study is out of service')
  const answer = await deps.openSource(source).retrieveInstances(found.scope, signal)
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

async function* startingWith<Item>(
  first: IteratorResult<Item, void>,
  rest: AsyncGenerator<Item, void, undefined>,
): AsyncGenerator<Item, void, undefined> {
  try {
    if (first.done !== true) yield first.value
    yield* rest
  } finally {
    await rest.return()
  }
}
