/** What the error of a transaction says about its fate. */
import pg from 'pg'

/** Unique violation, serialization failure, deadlock: another transaction was at the same rows. */
const RACES: ReadonlySet<string | undefined> = new Set(['23505', '40001', '40P01'])

/** The transaction may succeed when it is tried again. */
export function isRace(error: unknown): boolean {
  return error instanceof pg.DatabaseError && RACES.has(error.code)
}

/** Data exception, integrity constraint, program limit: the values are to blame, not the moment. */
const VALUES = /^(22|23|54)/

/** The same values would fail again; others in their place may not. */
export function isRefusal(error: unknown): boolean {
  if (error instanceof pg.DatabaseError) return VALUES.test(error.code ?? '') && !isRace(error)
  return error instanceof TypeError || error instanceof RangeError
}

/**
 * The connection broke, so that nobody knows whether a commit under way was done. An answer of the server,
 * and an error of our own making, mean that it was not.
 */
export function isUncertain(error: unknown): boolean {
  if (error instanceof pg.DatabaseError) return /^(08|57P)/.test(error.code ?? '')
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  const message = error instanceof Error ? error.message : ''
  return /^E[A-Z]{3,}$/.test(code) || /terminated|connection/i.test(message)
}
