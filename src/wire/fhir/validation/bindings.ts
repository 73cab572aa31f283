/** Codes against value sets (R4 terminologies, section 4.1.5). */
import { isJsonObject, listOf, textOf } from '../json.ts'
import type { ValueSet } from './terminology.ts'

/** A code, a Coding, a Quantity, or a CodeableConcept of which one coding suffices. */
export function holdsCode(value: unknown, set: ValueSet): boolean {
  if (typeof value === 'string') return set.codes.has(value)
  if (!isJsonObject(value)) return false
  if (value.coding !== undefined) return listOf(value.coding).some((one) => holdsCode(one, set))
  const code = textOf(value.code)
  return code !== undefined && set.codings.has(`${textOf(value.system) ?? ''}|${code}`)
}
