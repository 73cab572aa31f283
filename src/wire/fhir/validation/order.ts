/** Which of two values comes first, where that can be told: FHIRPath's comparison is empty where it cannot. */
import { numberText } from '../exact-json.ts'
import { isJsonObject, textOf } from '../json.ts'

/** Whether a date or time is surely before another; two of different precision are compared as far as both go. */
export function isSurelyBefore(one: unknown, other: unknown): boolean {
  const [first, second] = [textOf(one), textOf(other)]
  if (first === undefined || second === undefined) return false
  if (first.includes('T') && second.includes('T')) return Date.parse(first) < Date.parse(second)
  const length = Math.min(dateOf(first).length, dateOf(second).length)
  return first.slice(0, length) < second.slice(0, length)
}

function dateOf(text: string): string {
  return text.slice(0, 10)
}

/** Whether a Quantity is surely less than another: units are compared with their like alone. */
export function isSurelyLess(one: unknown, other: unknown): boolean {
  if (!isJsonObject(one) || !isJsonObject(other)) return false
  const isAlike =
    one.system === other.system &&
    one.code === other.code &&
    (one.code ?? one.unit) === (other.code ?? other.unit)
  const [first, second] = [numberText(one.value), numberText(other.value)]
  return isAlike && first !== undefined && second !== undefined && Number(first) < Number(second)
}
