/** Fixed values and patterns (R4 ElementDefinition, fixed[x] and pattern[x]). */
import { isJsonObject } from '../json.ts'
import { isRawNumber } from '../exact-json.ts'

/** Exactly this value, whatever the order of its members. */
export function isFixed(value: unknown, fixed: unknown): boolean {
  if (isJsonObject(value) && isJsonObject(fixed)) {
    return (
      Object.keys(value).length === Object.keys(fixed).length && hasMembers(value, fixed, isFixed)
    )
  }
  if (Array.isArray(value) && Array.isArray(fixed)) {
    return value.length === fixed.length && fixed.every((one, at) => isFixed(value[at], one))
  }
  return isSame(value, fixed)
}

/** At least this; each item of a list in the pattern is somewhere in the value's. */
export function hasPattern(value: unknown, pattern: unknown): boolean {
  if (isJsonObject(pattern)) return isJsonObject(value) && hasMembers(value, pattern, hasPattern)
  if (Array.isArray(pattern)) {
    return (
      Array.isArray(value) && pattern.every((one) => value.some((item) => hasPattern(item, one)))
    )
  }
  return isSame(value, pattern)
}

type Compare = (value: unknown, expected: unknown) => boolean

function hasMembers(
  value: Readonly<Record<string, unknown>>,
  expected: Readonly<Record<string, unknown>>,
  compare: Compare,
): boolean {
  return Object.entries(expected).every(([name, one]) => compare(value[name], one))
}

function isSame(value: unknown, expected: unknown): boolean {
  if (isRawNumber(value)) return Number(value.rawJSON) === expected
  return value === expected
}
