/** The problems of a Bundle's entries, gathered so that its sender hears all of them at once. */
import { HubError, isHubError, type HubErrorCode, type Problem } from '../kernel/errors.ts'
import type { TransactionEntry } from '../wire/fhir/read-transaction.ts'

export interface EntryProblem extends Problem {
  readonly code: HubErrorCode
}

/** Faults of one entry are noted under it; anything else ends the request as a whole. */
const ENTRY_FAULTS: ReadonlySet<HubErrorCode> = new Set([
  'invalid',
  'unprocessable',
  'method-not-allowed',
  'precondition-failed',
  'not-found',
  'gone',
  'conflict',
])

/** What alone can be wrong with a request and has a status of its own. */
const TELLING: ReadonlySet<HubErrorCode> = new Set([
  'precondition-failed',
  'not-found',
  'gone',
  'conflict',
])

/** A sender mends a hundred faults at a time; a longer list would cost others more than it helps. */
export const MOST_PROBLEMS = 100

/** Does the work of an entry; what is wrong with the entry goes to `found`, and undefined is returned. */
export async function collecting<Result>(
  found: EntryProblem[],
  entry: TransactionEntry,
  work: () => Result | Promise<Result>,
): Promise<Result | undefined> {
  try {
    return await work()
  } catch (error) {
    if (!isHubError(error) || !ENTRY_FAULTS.has(error.code)) throw error
    const { code, problems, message: text } = error
    const located =
      problems.length > 0 ? within(entry, problems) : [{ location: entry.location, text }]
    found.push(...located.map((problem) => ({ ...problem, code })))
    return undefined
  }
}

/** Problems of an entry's resource, with their place in the Bundle. */
export function within(
  { location, resource }: TransactionEntry,
  problems: readonly Problem[],
): readonly Problem[] {
  const type = String(resource?.resourceType)
  return problems.map((problem) => ({
    location: problem.location.startsWith(type)
      ? `${location}.resource${problem.location.slice(type.length)}`
      : location,
    text: problem.text,
  }))
}

export function refuseProblems(problems: readonly EntryProblem[]): void {
  const [first] = problems
  if (first === undefined) return
  const isTelling = TELLING.has(first.code) && problems.every(({ code }) => code === first.code)
  throw new HubError(
    isTelling ? first.code : 'unprocessable',
    'Nothing of this Bundle was stored',
    { problems: problems.slice(0, MOST_PROBLEMS) },
  )
}
