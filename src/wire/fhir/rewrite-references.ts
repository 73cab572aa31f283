/** Pointing a resource's references elsewhere, and back again at exactly the places where that was done. */
import { isJsonObject, type JsonObject } from './json.ts'

export interface Rewritten {
  readonly resource: JsonObject
  /** JSON pointers (RFC 6901) to the references that were changed. */
  readonly places: readonly string[]
}

/** Every `reference` that is `from`, wherever it stands. */
export function rewriteReferences(resource: JsonObject, from: string, to: string): Rewritten {
  const places: string[] = []
  const changed = rewrite(resource, '', (place, text) => {
    if (text !== from) return text
    places.push(place)
    return to
  })
  return { resource: isJsonObject(changed) ? changed : resource, places }
}

/** Those at `places` alone, where they are still `from`. */
export function rewriteReferencesAt(
  resource: JsonObject,
  places: readonly string[],
  { from, to }: { readonly from: string; readonly to: string },
): JsonObject {
  const wanted = new Set(places)
  const changed = rewrite(resource, '', (place, text) =>
    text === from && wanted.has(place) ? to : text,
  )
  return isJsonObject(changed) ? changed : resource
}

type Change = (place: string, text: string) => string

/** Numbers that keep their digits are no objects to walk into: what has no reference stays what it is. */
function rewrite(value: unknown, place: string, change: Change): unknown {
  if (Array.isArray(value))
    return value.map((one: unknown, index) => rewrite(one, `${place}/${index}`, change))
  if (!isJsonObject(value)) return value
  return Object.fromEntries(
    Object.entries(value).map(([name, one]): [string, unknown] => {
      const inside = `${place}/${name}`
      const isReference = name === 'reference' && typeof one === 'string'
      return [name, isReference ? change(inside, one) : rewrite(one, inside, change)]
    }),
  )
}
