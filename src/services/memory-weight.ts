/** How much memory a value of the JSON model takes, near enough to keep a sum of many within bounds. */

/** A small object or list with its place in another, in V8. */
const HOLDER = 64
const TEXT = 24
const NUMBER = 8

/** Bytes. */
export function memoryWeight(value: unknown): number {
  if (typeof value === 'string') return TEXT + value.length
  if (typeof value !== 'object' || value === null) return NUMBER
  let weight = HOLDER
  for (const within of Object.values(value)) weight += memoryWeight(within)
  return weight
}
