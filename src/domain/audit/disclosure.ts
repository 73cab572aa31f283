/** What binds the rows of a disclosure's objects to the event that closes it. */
import { createHash } from 'node:crypto'

/** SHA-256 (hex) over the distinct SOP Instance UIDs in code point order, one a line. */
export function objectsDigest(instances: Iterable<string>): string {
  const ordered = [...new Set(instances)].sort()
  return createHash('sha256').update(ordered.join('\n')).digest('hex')
}
