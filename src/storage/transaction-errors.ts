/** What the error of a transaction says about its fate, by SQLSTATE where the server gave one. */
import pg from 'pg'

const UNIQUE_VIOLATION = '23505'

/** Unique violation, serialization failure, deadlock: another transaction was at the same rows. */
const RACES: ReadonlySet<string | undefined> = new Set([UNIQUE_VIOLATION, '40001', '40P01'])

/** The transaction may succeed when it is tried again. */
export function isRace(error: unknown): boolean {
  return error instanceof pg.DatabaseError && RACES.has(error.code)
}

/** Classes 22 (data exception), 23 (integrity), 54 (program limit): to blame are the values, not the moment. */
const VALUES = /^(22|23|54)/

/** One of the rows is not taken, a race with another transaction among the causes (`isRefusal`: without). */
export function isDataError(error: unknown): boolean {
  return VALUES.test(codeOf(error))
}

/** A row with this key is there already. */
export function isUniqueViolation(error: unknown): boolean {
  return codeOf(error) === UNIQUE_VIOLATION
}

/** 57014: the statement was given up, for the time it took. */
export function isTimeout(error: unknown): boolean {
  return codeOf(error) === '57014'
}

/** The same values would fail again; others in their place may not. */
export function isRefusal(error: unknown): boolean {
  if (error instanceof pg.DatabaseError) return VALUES.test(error.code ?? '') && !isRace(error)
  return error instanceof TypeError || error instanceof RangeError
}

/** SQLSTATE class 08 (connection exception) and 57P (operator intervention, as a shutdown). */
const CONNECTION = /^(08|57P)/

/** The connection is of no more use. */
export function isConnectionLoss(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  return CONNECTION.test(codeOf(error)) || /terminated|ECONN|EPIPE/.test(error.message)
}

/**
 * The connection broke, so that nobody knows whether a commit under way was done. An answer of the server,
 * and an error of our own making, mean that it was not.
 */
export function isUncertain(error: unknown): boolean {
  if (error instanceof pg.DatabaseError) return CONNECTION.test(error.code ?? '')
  const code = codeOf(error)
  const message = error instanceof Error ? error.message : ''
  return /^E[A-Z]{3,}$/.test(code) || /terminated|connection/i.test(message)
}

/** SQLSTATE, or what else the error has as its code; empty where it has none. */
function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : ''
}
