/** Column `compared` as it is written. */
import type { Compared } from '../wire/fhir/search-entries.ts'

/** JSON text that jsonb takes; null where there is nothing to compare. */
export function comparedText(compared: Compared): string | null {
  if (Object.keys(compared).length === 0) return null
  return JSON.stringify(compared, (_name, value: unknown) =>
    typeof value === 'string' ? value.replaceAll(NUL, '').toWellFormed() : value,
  )
}

/** PostgreSQL takes no such character in a text, and no search asks for one. */
const NUL = '\u0000'

/** What may be a key or a reference. */
export function isStorable(text: string): boolean {
  return !text.includes(NUL)
}
