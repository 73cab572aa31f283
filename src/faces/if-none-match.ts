/** Whether the caller holds what it asks for (RFC 9110 section 13.1.2). */
import type { IncomingMessage } from 'node:http'

/**
 * By weak comparison; `*` is anything that exists. Express' own check heeds Cache-Control as a cache
 * would. `etag` is quoted, and weak or strong.
 */
export function isHeldAlready({ headers }: IncomingMessage, etag: string): boolean {
  const header = headers['if-none-match'] ?? ''
  if (header.trim() === '*') return true
  // A tag may hold a comma, so the list is read tag by tag.
  const held: readonly string[] = header.match(/"[^"]*"/g) ?? []
  return held.includes(etag.replace(/^W\//, ''))
}
