/** What a hub's refusal means to its client: its own words where it gave some (PS3.18, FHIR, RFC 9457). */
import { HubError, type HubErrorCode } from '../kernel/errors.ts'

const CODES: Readonly<Record<number, HubErrorCode>> = {
  400: 'invalid',
  401: 'unauthenticated',
  403: 'forbidden',
  404: 'not-found',
  406: 'not-acceptable',
  409: 'conflict',
  410: 'gone',
  412: 'precondition-failed',
  413: 'too-large',
  415: 'unsupported-media-type',
  422: 'unprocessable',
  429: 'too-many-requests',
  503: 'source-unavailable',
  504: 'source-timeout',
}

/** `body` is the answer's JSON where it had any: OperationOutcome, problem or OAuth error. */
export function refusal(status: number, body: unknown): HubError {
  const said = wordsOf(body)
  const text = `The hub answered ${status}${said === undefined ? '' : `: ${said}`}`
  return new HubError(CODES[status] ?? 'source-failed', text)
}

/** A connection that could not be made or broke off. */
export function unreachable(error: unknown): HubError {
  return new HubError('unavailable', 'The hub does not answer, or broke off', { cause: error })
}

function wordsOf(body: unknown): string | undefined {
  if (!isRecord(body)) return undefined
  const issues = Array.isArray(body.issue) ? body.issue.filter(isRecord) : []
  const told = issues.map(({ diagnostics, details }) =>
    typeof diagnostics === 'string' ? diagnostics : isRecord(details) ? details.text : undefined,
  )
  const words = [...told, body.detail, body.title, body.error_description, body.error]
  return words.find((word) => typeof word === 'string')
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
