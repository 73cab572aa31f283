/**
 * WADO-RS Retrieve Transaction, instances as application/dicom (PS3.18 section 10.4).
 *
 *     GET /studies/{study}
 *     GET /studies/{study}/series/{series}
 *     GET /studies/{study}/series/{series}/instances/{instance}
 *
 * The three differ in how much of the scope they name, so one handler answers them all.
 */
import { randomUUID } from 'node:crypto'
import { type Request, type Response, Router } from 'express'
import { HubError } from '../../kernel/errors.ts'
import type { Log } from '../../kernel/log.ts'
import {
  type FoundStudy,
  isDeposited,
  type OpenedStudy,
  type OpenStudy,
  type StudyCopy,
  type ToldStudy,
} from '../../services/open-study.ts'
import { isHeldAlready } from '../if-none-match.ts'
import { contextOf, principalOf } from '../request-state.ts'
import { clientGone, endResponse } from '../response-flow.ts'
import { type Frame, framePieces, lengthOf, makeFrame } from './frame.ts'
import { type InstanceFormat, negotiateInstances } from './negotiate-instances.ts'
import { acceptOf, parseScope, resourceUrl, type ScopeParams, serviceUrl } from './scope.ts'
import { type DepositedPiece, type DepositedSender, sendDeposited } from './send-deposited.ts'
import { sendRelayed } from './send-relayed.ts'

const PATHS = [
  '/studies/:study',
  '/studies/:study/series/:series',
  '/studies/:study/series/:series/instances/:instance',
]

export interface RetrieveDeps extends DepositedSender {
  readonly openStudy: OpenStudy
  readonly log: Log
  /** A multipart boundary that depends on `value` and cannot be guessed by who wrote the objects. */
  readonly boundaryOf: (value: string) => string
  /** Of the hub, without a path: `https://hub.example`. */
  readonly publicUrl: string
}

export function retrieveInstancesRouter(deps: RetrieveDeps): Router {
  const router = Router()

  router.get(PATHS, async (req: Request<ScopeParams>, res) => {
    const scope = parseScope(req.params)
    // What no study is offered in says nothing about this one, so it is refused before any is looked for.
    const formats = negotiateInstances(acceptOf(req), scope.instance !== undefined)
    const found = await deps.openStudy.find(principalOf(req), scope, contextOf(req))
    const chosen = await choose(deps.openStudy, found, formats)
    const plan = planAnswer(chosen, deps, serviceUrl(req, deps.publicUrl))

    res.setHeader('vary', 'Accept')
    res.setHeader('cache-control', 'private, no-cache')
    if (plan.whole !== undefined) {
      res.setHeader('etag', plan.whole.etag)
      if (isHeldAlready(req, plan.whole.etag)) {
        await deps.openStudy.tell(found, firstOf(chosen))
        res.status(304).end()
        return
      }
      res.setHeader('content-length', plan.whole.length)
    }
    res.setHeader('content-type', plan.frame.contentType)
    if (req.method === 'HEAD') {
      await deps.openStudy.tell(found, firstOf(chosen))
      res.end()
    } else await send(deps, { found, chosen, plan, res })
  })

  return router
}

interface Chosen {
  readonly format: InstanceFormat
  readonly copies: readonly StudyCopy[]
}

const firstOf = ({ copies }: Chosen): ToldStudy => ({ copies: copies.slice(0, 1) })

/**
 * The form is chosen for the best copy: another that happens to fit better is not handed out in its place,
 * only where its source fails. What a source holds in a syntax it did not state is judged when it arrives.
 */
async function choose(
  openStudy: OpenStudy,
  found: FoundStudy,
  formats: readonly InstanceFormat[],
): Promise<Chosen> {
  const { copies } = found
  const best = copies.slice(0, 1)
  for (const format of formats)
    if (best.every((copy) => fits(copy, format)))
      return { format, copies: copies.filter((copy) => fits(copy, format)) }
  const held = new Set(best.flatMap(({ instances }) => instances.map((i) => i.transferSyntax)))
  const names = [...held].filter((name) => name !== null).join(', ')
  await openStudy.tell(found, { copies, reason: 'not-acceptable' })
  throw new HubError(
    'not-acceptable',
    `Held in transfer syntax ${names}; ask for one of these or transfer-syntax=*`,
  )
}

function fits({ instances }: StudyCopy, { accepts }: InstanceFormat): boolean {
  return instances.every(({ transferSyntax }) => transferSyntax === null || accepts(transferSyntax))
}

interface AnswerPlan {
  readonly frame: Frame
  /** Of a wholly deposited copy: everything about the answer is known beforehand. */
  readonly whole:
    | {
        readonly etag: string
        readonly length: number
        readonly pieces: readonly DepositedPiece[]
        readonly close: Uint8Array | undefined
      }
    | undefined
}

function planAnswer(
  { format, copies }: Chosen,
  { boundaryOf }: RetrieveDeps,
  service: string,
): AnswerPlan {
  const [best] = copies
  const deposited = best?.instances.filter(isDeposited) ?? []
  const url = resourceUrl.bind(undefined, service)
  if (best === undefined || deposited.length < best.instances.length)
    return { frame: makeFrame(format.kind, randomUUID(), url), whole: undefined }

  const digests = deposited.map((instance) => instance.deposited.sha256)
  const boundary = boundaryOf([service, best.imagingStudy, ...digests].join())
  const frame = makeFrame(format.kind, boundary, url)
  const pieces = framePieces(frame, best.study, deposited)
  const close = frame.close()
  const etag = format.kind === 'single' ? `"${digests.join()}"` : `"${boundary}"`
  return { frame, whole: { etag, length: lengthOf(pieces, close), pieces, close } }
}

interface Sending {
  readonly found: FoundStudy
  readonly chosen: Chosen
  readonly plan: AnswerPlan
  readonly res: Response
}

async function send(deps: RetrieveDeps, { found, chosen, plan, res }: Sending): Promise<void> {
  const gone = clientGone(res)
  const { accepts } = chosen.format
  const opened = await deps.openStudy.open(found, { copies: chosen.copies, accepts, signal: gone })
  let outcome: 'completed' | 'failed' | 'aborted' = 'failed'
  try {
    await sendOpened(deps, { opened, plan, res })
    outcome = 'completed'
  } catch (error) {
    if (opened.signal.aborted) outcome = 'aborted'
    if (!res.headersSent && !opened.signal.aborted) throw error
    logCut(deps.log, { error, gone, opened, requestId: found.context.requestId })
    // Never a clean end: what the client has must not pass for the whole.
    res.destroy()
  } finally {
    opened.discard()
    await opened.disclosure.close(outcome)
  }
}

interface Cut {
  readonly error: unknown
  readonly gone: AbortSignal
  readonly opened: OpenedStudy
  readonly requestId: string
}

/** The client sees a broken connection; why is for the operator. One that left knows why. */
function logCut(log: Log, { error, gone, opened, requestId }: Cut): void {
  if (gone.aborted) return
  const { imagingStudy, source } = opened.copy
  log.warn({ err: error, requestId, imagingStudy, source }, 'An answer was cut off')
}

async function sendOpened(
  sender: DepositedSender,
  { opened, plan, res }: Pick<Sending, 'plan' | 'res'> & { readonly opened: OpenedStudy },
): Promise<void> {
  const { copy, deposited, relayed, disclosure, signal } = opened
  const { frame, whole } = plan
  for (const { instance, deposited: place } of deposited) disclosure.add(instance, place.bytes)
  const pieces = whole?.pieces ?? framePieces(frame, copy.study, deposited)
  await sendDeposited(res, pieces, { ...sender, signal })
  if (relayed !== undefined)
    await sendRelayed(res, relayed, {
      head: ({ series, instance, transferSyntax, length }) =>
        frame.head({ scope: { study: copy.study, series, instance }, transferSyntax, length }),
      disclosure,
      signal,
    })
  await endResponse(res, whole === undefined ? frame.close() : whole.close, signal)
}
