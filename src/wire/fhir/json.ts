/** Walking JSON of unknown shape without trusting it. */
import { isRawNumber } from './exact-json.ts'

export type JsonObject = Readonly<Record<string, unknown>>

/** A number that keeps its digits (`exact-json.ts`) is none, though the language calls it an object. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !isRawNumber(value)
}

export function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}

/** The member as a list: FHIR elements are single or repeated, and absent ones are an empty list. */
export function listOf(value: unknown): readonly unknown[] {
  if (value === undefined || value === null) return []
  return Array.isArray(value) ? value : [value]
}

/** Every value at a dotted path of element names, lists flattened on the way. */
export function valuesAt(resource: JsonObject, path: string): readonly unknown[] {
  let values: readonly unknown[] = [resource]
  for (const name of path.split('.')) {
    values = values.flatMap((value) => (isJsonObject(value) ? listOf(value[name]) : []))
  }
  return values
}
