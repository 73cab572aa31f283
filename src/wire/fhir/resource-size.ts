/** Bounds on what is validated: the work grows with the number of values, whatever their bytes. */
import type { Problem } from '../../kernel/errors.ts'

/** More in one list belongs into several resources. */
const MAX_ITEMS = 1_000
/** A large report with its contained results has some hundreds; this many take about 0.2 s. */
const MAX_VALUES = 20_000

/** The first bound that a resource breaks; undefined for all that is of a reasonable size. */
export function oversize(resource: object, location: string): Problem | undefined {
  const state = { values: 0 }
  return check(resource, location, state)
}

function check(value: unknown, location: string, state: { values: number }): Problem | undefined {
  state.values += 1
  if (state.values > MAX_VALUES)
    return { location, text: `The resource has more than ${MAX_VALUES} values` }
  if (typeof value !== 'object' || value === null) return undefined
  if (Array.isArray(value) && value.length > MAX_ITEMS)
    return { location, text: `Has more than ${MAX_ITEMS} items` }
  const isList = Array.isArray(value)
  for (const [name, one] of Object.entries(value)) {
    const problem = check(one, isList ? location : `${location}.${name}`, state)
    if (problem !== undefined) return problem
  }
  return undefined
}

/**
 * Whether the resource's JSON is longer than so many characters, near enough: names and texts are counted,
 * and of the rest only that it is there. Stops counting at the limit.
 */
export function isLongerThan(resource: object, limit: number): boolean {
  return rest(resource, limit) < 0
}

/** What is left of the limit after this value; below zero where nothing is. */
function rest(value: unknown, limit: number): number {
  if (typeof value === 'string') return limit - value.length - 3
  if (typeof value !== 'object' || value === null) return limit - 6
  let left = limit - 2
  for (const [name, one] of Object.entries(value)) {
    if (left < 0) return left
    left = rest(one, Array.isArray(value) ? left : left - name.length - 4)
  }
  return left
}
