/** The hub's errors in OAuth's words (RFC 6749 section 5.2, RFC 8693 section 2.2.2, RFC 9449 section 5). */
import { HTTP_STATUS } from '../http-status.ts'
import { printableAscii } from '../printable-ascii.ts'
import { HubError } from '../../kernel/errors.ts'

export interface OauthError {
  readonly status: number
  readonly error: string
  readonly description: string
}

/** Reasons that are OAuth error codes themselves. */
const OWN_CODES = new Set([
  'invalid_request',
  'invalid_grant',
  'invalid_scope',
  'invalid_target',
  'invalid_dpop_proof',
  'invalid_authorization_details',
])

/** Undefined where the error is not the hub's own: then it is a fault of the server. */
export function toOauthError(error: unknown): OauthError | undefined {
  if (!(error instanceof HubError)) return undefined
  const { status, error: code, prefix } = classify(error)
  return { status, error: code, description: printableAscii(`${prefix ?? ''}${error.message}`) }
}

function classify({ code, reason }: HubError): {
  readonly status: number
  readonly error: string
  readonly prefix?: string
} {
  if (HTTP_STATUS[code] >= 500) return { status: 503, error: 'temporarily_unavailable' }
  if (reason === undefined) return { status: 400, error: 'invalid_grant' }
  if (reason === 'invalid_client') return { status: 401, error: reason }
  // RFC 8693 section 2.2.2: a subject token that does not hold makes the request invalid.
  if (reason === 'invalid_token') return { status: 400, error: 'invalid_request' }
  if (OWN_CODES.has(reason)) return { status: 400, error: reason }
  // Attest faults and refusals keep their name, first, where a program finds it.
  return { status: 400, error: 'invalid_grant', prefix: `${reason}: ` }
}
