/** When a notification that was not accepted is tried again. */

const FIRST_MS = 1_000
const LONGEST_MS = 60 * 60 * 1_000

/** Consecutive failures after which the subscription says so in its status. */
export const FAILURES_TO_ERROR = 3

/**
 * Milliseconds to wait after the `failures`-th failure in a row: doubling up to an hour, of which the last half
 * is left to chance, so that subscribers of one broken receiver do not come back together. `chance` is 0 to 1.
 */
export function retryDelay(failures: number, chance: number): number {
  const whole = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(failures - 1, 30))
  return Math.round(whole / 2 + (whole / 2) * chance)
}
