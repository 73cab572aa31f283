/** What went wrong on the way to a source, in the hub's words: never its address, never its text. */
import { errors } from 'undici'
import { HubError, isHubError } from '../kernel/errors.ts'
import { Http1Error } from './http1.ts'

const TIMEOUTS = new Set([
  'UND_ERR_HEADERS_TIMEOUT',
  'UND_ERR_BODY_TIMEOUT',
  'UND_ERR_CONNECT_TIMEOUT',
  'ETIMEDOUT',
])

/** A connection that failed before an answer began: the same question may be asked again. */
const UNANSWERED = new Set(['ECONNRESET', 'ECONNREFUSED', 'EPIPE', 'EAI_AGAIN', 'UND_ERR_SOCKET'])

export function isUnanswered(error: unknown): boolean {
  return UNANSWERED.has(codeOf(error))
}

/** `source-timeout` or `source-failed`; an error of the hub's own passes as it is. */
export function sourceFailure(error: unknown): HubError {
  if (isHubError(error)) return error
  const cause = { cause: error }
  if (TIMEOUTS.has(codeOf(error)))
    return new HubError('source-timeout', 'The source did not answer in time', cause)
  if (error instanceof errors.HTTPParserError || error instanceof Http1Error)
    return new HubError('source-failed', "The source's answer is cut short or is not HTTP", cause)
  return new HubError('source-failed', 'The connection to the source failed', cause)
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : ''
}
