/** What the validator finds, bounded: a body of nothing but faults must not make an answer without end. */
import type { Problem } from '../../../kernel/errors.ts'

/** An issue as an OperationOutcome has it (R4 IssueSeverity, IssueType). */
export interface Issue extends Problem {
  readonly severity: 'error' | 'warning'
  readonly code: IssueCode
}

export type IssueCode =
  | 'structure'
  | 'required'
  | 'value'
  | 'invariant'
  | 'code-invalid'
  | 'extension'
  | 'not-found'
  | 'not-supported'
  | 'business-rule'
  | 'duplicate'
  | 'too-long'

/** An error on its way to the findings. */
export type Fault = Omit<Issue, 'severity'>

export interface Findings {
  error(code: IssueCode, location: string, text: string): void
  warn(code: IssueCode, location: string, text: string): void
  /** So many errors that more would help nobody. */
  isFull(): boolean
  readonly all: readonly Issue[]
}

const MAX_ISSUES = 100

export function makeFindings(): Findings {
  const found = new Map<string, Issue>()
  const counts = { error: 0, warning: 0 }
  const note = (issue: Issue): void => {
    const key = `${issue.location} ${issue.text}`
    if (counts[issue.severity] >= MAX_ISSUES || found.has(key)) return
    counts[issue.severity] += 1
    found.set(key, issue)
  }
  return {
    error: (code, location, text) => note({ severity: 'error', code, ...safe(location, text) }),
    warn: (code, location, text) => note({ severity: 'warning', code, ...safe(location, text) }),
    isFull: () => counts.error >= MAX_ISSUES,
    get all() {
      return [...found.values()]
    },
  }
}

/** Names of unknown elements are quoted, and a sender may have put anything there. */
function safe(location: string, text: string): Problem {
  return { location: masked(location), text: masked(text) }
}

function masked(text: string): string {
  return text.replaceAll(/\d{11}/g, '***')
}
