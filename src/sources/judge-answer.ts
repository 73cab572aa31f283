/** What a source's answer must be before it is looked at, whichever way it was fetched. */
import { HubError } from '../kernel/errors.ts'
import { sourceFailure } from './failure.ts'

export interface Answer {
  /** 200 to 299, or 400 to 499: a redirect or a 5xx is a failure of the source. */
  readonly status: number
  /** By its name in lower case. */
  readonly header: (name: string) => string | undefined
  /** Throws HubError `source-failed` or `source-timeout` where it breaks off. */
  readonly body: AsyncIterable<Buffer>
  /** Lets go of the connection when the body is not wanted. Safe at any time. */
  readonly discard: () => void
}

/** The answer, its body's failures in the hub's words. Throws `source-failed` and lets go of it. */
export function judgeAnswer(answer: Answer): Answer {
  const fault = faultOf(answer)
  if (fault === undefined) return { ...answer, body: chunksOf(answer) }
  answer.discard()
  throw new HubError('source-failed', fault)
}

function faultOf({ status, header }: Answer): string | undefined {
  if (status >= 300 && status < 400)
    return 'The source answered with a redirect, which is not followed'
  if (status < 200 || status >= 500) return `The source answered with status ${status}`
  const encoding = header('content-encoding')
  return encoding === undefined || encoding === 'identity'
    ? undefined
    : 'The source answered in a content encoding that was not asked for'
}

async function* chunksOf({ body, discard }: Answer): AsyncGenerator<Buffer, void, undefined> {
  try {
    yield* body
  } catch (error) {
    throw sourceFailure(error)
  } finally {
    discard()
  }
}
