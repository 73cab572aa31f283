/** The HTTP status of each error of the hub: one table for every face that speaks HTTP. */
import type { HubErrorCode } from '../kernel/errors.ts'

export const HTTP_STATUS: Readonly<Record<HubErrorCode, number>> = {
  invalid: 400,
  unprocessable: 422,
  unauthenticated: 401,
  'insufficient-scope': 403,
  forbidden: 403,
  'not-found': 404,
  gone: 410,
  'method-not-allowed': 405,
  'not-acceptable': 406,
  'unsupported-media-type': 415,
  'too-large': 413,
  conflict: 409,
  'precondition-failed': 412,
  'too-many-requests': 429,
  'source-failed': 502,
  'source-timeout': 504,
  'source-unavailable': 503,
  unavailable: 503,
}
