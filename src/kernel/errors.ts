/**
 * The one error the hub throws on purpose. Each face translates the code into its own protocol's
 * words (OperationOutcome, problem+json, OAuth error, SOAP fault); nothing below a face knows a status.
 *
 * A message is shown to the caller: it says what was wrong and what to do, and never holds a
 * national id, a secret or a source's address.
 */
export type HubErrorCode =
  | 'invalid'
  | 'unprocessable'
  | 'unauthenticated'
  | 'insufficient-scope'
  | 'forbidden'
  | 'not-found'
  | 'gone'
  | 'method-not-allowed'
  | 'not-acceptable'
  | 'unsupported-media-type'
  | 'too-large'
  | 'conflict'
  | 'precondition-failed'
  | 'too-many-requests'
  | 'source-failed'
  | 'source-timeout'
  | 'source-unavailable'
  | 'unavailable'

/** One problem among several, with its place: a FHIRPath, a part number, a tag, a parameter name. */
export interface Problem {
  readonly location: string
  readonly text: string
}

export interface HubErrorOptions extends ErrorOptions {
  readonly problems?: readonly Problem[]
  readonly reason?: string
  /** With `too-many-requests`: whole seconds until it is worth trying again. */
  readonly retryAfter?: number
}

export class HubError extends Error {
  override readonly name = 'HubError'
  readonly code: HubErrorCode
  readonly problems: readonly Problem[]
  /** Machine code where a standard names one, as `attestation_has_expired`. */
  readonly reason: string | undefined
  /** Whole seconds until it is worth trying again, where that is known. */
  readonly retryAfter: number | undefined

  constructor(code: HubErrorCode, message: string, options: HubErrorOptions = {}) {
    super(message, options)
    this.code = code
    this.problems = options.problems ?? []
    this.reason = options.reason
    this.retryAfter = options.retryAfter
  }
}

export function isHubError(error: unknown, code?: HubErrorCode): error is HubError {
  return error instanceof HubError && (code === undefined || error.code === code)
}
