/**
 * Names by which PostgreSQL keeps a statement that was printed from a filter prepared on a connection.
 *
 * It keeps what was named until the connection ends, and callers make up new shapes at will: so names are
 * given to a bounded number of shapes, first come, and a search's oddities never take those of the statements
 * that every reader runs.
 */
import { createHash } from 'node:crypto'

/** A statement longer than this is rare enough to be parsed each time. */
const LONGEST = 4_000
/** On each connection, of each use. */
const MOST_NAMES = 100

/** `everyday`: one of few shapes whatever a caller asks. `search`: any shape that a query may have. */
export type StatementUse = 'everyday' | 'search'

/** Statements with one text share a name; undefined where preparing would not pay, or no name is left. */
export type StatementName = (text: string, use: StatementUse) => string | undefined

/** @internal Exported for its tests alone: the process has one, below. */
export function makeStatementNames(most = MOST_NAMES): StatementName {
  const given: Readonly<Record<StatementUse, Map<string, string>>> = {
    everyday: new Map(),
    search: new Map(),
  }
  return (text, use) => {
    const names = given[use]
    const known = names.get(text)
    if (known !== undefined) return known
    if (text.length > LONGEST || names.size >= most) return undefined
    const name = createHash('sha1').update(text).digest('base64url')
    names.set(text, name)
    return name
  }
}

/** Of the process, as the connections are: a name means one text on all of them. */
export const statementName: StatementName = makeStatementNames()
