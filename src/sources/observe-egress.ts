/** Measures every call that leaves by the egress, for /metrics: to the end of its body, or to its failure. */
import { isHubError } from '../kernel/errors.ts'
import type { Answer, Egress, OutgoingRequest } from './egress.ts'

export interface CallObservation {
  /** What was asked for; never to whom. */
  readonly operation: 'metadata' | 'objects' | 'query' | 'other'
  readonly outcome: 'ok' | 'refused' | 'failed' | 'timeout' | 'unavailable' | 'aborted'
  readonly seconds: number
  readonly bytes: number
}

export type ObserveCall = (observation: CallObservation) => void

/** The same egress; `observe` is called once for each call that was let out. */
export function observeEgress(egress: Egress, observe: ObserveCall): Egress {
  const watched = async (
    call: (request: OutgoingRequest) => Promise<Answer>,
    request: OutgoingRequest,
  ): Promise<Answer> => {
    const end = begin(operationOf(request), observe)
    try {
      return watchAnswer(await call(request), end)
    } catch (error) {
      end(outcomeOf(error, request.signal), 0)
      throw error
    }
  }
  return {
    ...egress,
    request: (request) => watched(egress.request, request),
    stream: (request) => watched(egress.stream, request),
  }
}

type End = (outcome: CallObservation['outcome'], bytes: number) => void

/** Only the first end counts: a body that was discarded after it was read has ended by then. */
function begin(operation: CallObservation['operation'], observe: ObserveCall): End {
  const began = performance.now()
  let ended = false
  return (outcome, bytes) => {
    if (ended) return
    ended = true
    observe({ operation, outcome, seconds: (performance.now() - began) / 1000, bytes })
  }
}

function watchAnswer(answer: Answer, end: End): Answer {
  const counted = { bytes: 0 }
  const whole = answer.status < 400 ? 'ok' : 'refused'
  return {
    ...answer,
    body: { [Symbol.asyncIterator]: () => watchBody(answer.body, counted, { end, whole }) },
    discard() {
      answer.discard()
      end(whole === 'ok' ? 'aborted' : whole, counted.bytes)
    },
  }
}

/** By hand, not as a generator: a study's bytes pass here, and each chunk should cost no more than a sum. */
function watchBody(
  body: Answer['body'],
  counted: { bytes: number },
  { end, whole }: { readonly end: End; readonly whole: 'ok' | 'refused' },
): AsyncIterator<Buffer> {
  const chunks = body[Symbol.asyncIterator]()
  return {
    async next() {
      try {
        const result = await chunks.next()
        if (result.done === true) end(whole, counted.bytes)
        else counted.bytes += result.value.length
        return result
      } catch (error) {
        end(outcomeOf(error, undefined), counted.bytes)
        throw error
      }
    },
    async return() {
      end('aborted', counted.bytes)
      await chunks.return?.()
      return { done: true, value: undefined }
    },
  }
}

function outcomeOf(error: unknown, signal: AbortSignal | undefined): CallObservation['outcome'] {
  if (signal?.aborted === true || (error instanceof Error && error.name === 'AbortError'))
    return 'aborted'
  if (isHubError(error, 'source-timeout')) return 'timeout'
  if (isHubError(error, 'source-unavailable')) return 'unavailable'
  return 'failed'
}

/** From the shape of a DICOMweb path (PS3.18 section 10): what else is called is keys and discovery. */
function operationOf({ url }: OutgoingRequest): CallObservation['operation'] {
  if (url.pathname.endsWith('/metadata')) return 'metadata'
  if (/\/studies\/[^/]+(\/series\/[^/]+(\/instances\/[^/]+)?)?$/.test(url.pathname))
    return 'objects'
  return /\/(studies|series|instances)$/.test(url.pathname) ? 'query' : 'other'
}
