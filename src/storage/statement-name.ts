/** Names by which PostgreSQL keeps a statement that was printed from a filter prepared on a connection. */
import { createHash } from 'node:crypto'

/** A statement longer than this is rare enough to be parsed each time. */
const LONGEST = 4_000

/** Statements with one text share a name; undefined where preparing would not pay. */
export function statementName(text: string): string | undefined {
  if (text.length > LONGEST) return undefined
  return createHash('sha1').update(text).digest('base64url')
}
