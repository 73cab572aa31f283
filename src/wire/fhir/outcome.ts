/** OperationOutcome: what was wrong, where, and in FHIR's own words for kinds of trouble (R4 IssueType). */
import type { HubError, HubErrorCode } from '../../kernel/errors.ts'
import type { JsonObject } from './json.ts'

const ISSUE_TYPES: Readonly<Record<HubErrorCode, string>> = {
  invalid: 'invalid',
  unprocessable: 'processing',
  unauthenticated: 'login',
  'insufficient-scope': 'forbidden',
  forbidden: 'forbidden',
  'not-found': 'not-found',
  gone: 'deleted',
  'method-not-allowed': 'not-supported',
  'not-acceptable': 'not-supported',
  'unsupported-media-type': 'not-supported',
  'too-large': 'too-long',
  conflict: 'conflict',
  'precondition-failed': 'conflict',
  'too-many-requests': 'throttled',
  'source-failed': 'transient',
  'source-timeout': 'timeout',
  'source-unavailable': 'transient',
  unavailable: 'transient',
}

/** One issue for each problem, or the message alone where there is no list. */
export function outcomeOf(error: HubError): JsonObject {
  const code = ISSUE_TYPES[error.code]
  const issues = error.problems.map(({ location, text }) => ({
    severity: 'error',
    code,
    details: { text },
    diagnostics: error.message,
    expression: [location],
  }))
  return outcome(
    issues.length > 0 ? issues : [{ severity: 'error', code, details: { text: error.message } }],
  )
}

/**
 * Rides along with a search that left out what the hub does not know (R4 search, section 3.1.1.3.1), or that more was
 * to come along with than a page may hold (`isCut`).
 */
export function ignoredOutcome(names: readonly string[], isCut = false): JsonObject {
  return outcome([
    ...(isCut ? [INCLUSIONS_CUT] : []),
    ...names.map((name) => ({
      severity: 'warning',
      code: 'not-supported',
      details: {
        text: `The parameter ${name.slice(0, 64)} is not supported on this type and was ignored`,
      },
      expression: [name.slice(0, 64)],
    })),
  ])
}

const INCLUSIONS_CUT = {
  severity: 'warning',
  code: 'incomplete',
  details: { text: 'More was to be included than a page may bring along: ask for fewer matches' },
}

/** What was done, for a caller that wants words. */
export function informationOutcome(text: string): JsonObject {
  return outcome([{ severity: 'information', code: 'informational', details: { text } }])
}

/** For what broke without a cause that may be told. */
export function unexpectedOutcome(requestId: string): JsonObject {
  const text = `Something went wrong in the hub; the log has it under ${requestId}`
  return outcome([{ severity: 'fatal', code: 'exception', details: { text } }])
}

function outcome(issue: readonly JsonObject[]): JsonObject {
  return { resourceType: 'OperationOutcome', issue }
}
