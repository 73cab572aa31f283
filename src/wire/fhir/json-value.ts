/** Comparing and measuring JSON whose numbers keep their digits. */
import { plainDecimal } from './decimal.ts'
import { isRawNumber, numberText } from './exact-json.ts'
import { isJsonObject, type JsonObject } from './json.ts'

/** RFC 6902, section 4.6: numbers by value, objects whatever the order of their members. */
export function isSameJson(a: unknown, b: unknown): boolean {
  if (a === b) return true
  if (isRawNumber(a) || isRawNumber(b)) return isSameNumber(numberText(a), numberText(b))
  if (Array.isArray(a)) return Array.isArray(b) && isSameList(a, b)
  return isJsonObject(a) && isJsonObject(b) && isSameObject(a, b)
}

function isSameNumber(a: string | undefined, b: string | undefined): boolean {
  if (a === undefined || b === undefined) return false
  return a === b || plainDecimal(a) === plainDecimal(b)
}

function isSameList(a: readonly unknown[], b: readonly unknown[]): boolean {
  return a.length === b.length && a.every((one, index) => isSameJson(one, b[index]))
}

function isSameObject(a: JsonObject, b: JsonObject): boolean {
  const names = Object.keys(a)
  return (
    names.length === Object.keys(b).length &&
    names.every((name) => Object.hasOwn(b, name) && isSameJson(a[name], b[name]))
  )
}

/** About how many characters its JSON has; undefined where it has more than `size` or nests deeper than `depth`. */
export function sizeOf(
  value: unknown,
  bounds: { readonly size: number; readonly depth: number },
): number | undefined {
  if (typeof value === 'string') return within(value.length + 2, bounds.size)
  if (Array.isArray(value)) return sizeOfAll(value, bounds)
  if (!isJsonObject(value)) return within(numberText(value)?.length ?? 4, bounds.size)
  return sizeOfAll(Object.entries(value).flat(), bounds)
}

function sizeOfAll(
  values: readonly unknown[],
  { size, depth }: { readonly size: number; readonly depth: number },
): number | undefined {
  if (depth === 0) return undefined
  let total = 2
  for (const value of values) {
    const one = sizeOf(value, { size: size - total, depth: depth - 1 })
    if (one === undefined) return undefined
    total += one + 1
  }
  return within(total, size)
}

function within(size: number, limit: number): number | undefined {
  return size <= limit ? size : undefined
}
