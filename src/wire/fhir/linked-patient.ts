/** Two Patient records of one person, and which of them stands for both (R4 patient, "Linking Patients"). */
import { isDeepStrictEqual } from 'node:util'
import { isJsonObject, listOf, valuesAt, type JsonObject } from './json.ts'

/** What the survivor gets of the replaced record, by element: kept, so that it can be taken back. */
export type Given = Readonly<Record<string, readonly unknown[]>>

export interface GivingPatient {
  readonly patient: JsonObject
  readonly given: Given
}

/** The record that is replaced: it says by whom, and that it is not in use. */
export function replacedPatient(patient: JsonObject, survivor: string): JsonObject {
  const link = { other: { reference: `Patient/${survivor}` }, type: 'replaced-by' }
  return { ...patient, active: false, link: [...listOf(patient.link), link] }
}

/** The record as it was before it was replaced. */
export function restoredPatient(
  patient: JsonObject,
  { survivor, wasActive }: { readonly survivor: string; readonly wasActive: boolean | null },
): JsonObject {
  const { active: _active, ...rest } = patient
  const link = listOf(patient.link).filter((one) => !isLink(one, 'replaced-by', survivor))
  return {
    ...withList(rest, 'link', link),
    ...(wasActive !== null && { active: wasActive }),
  }
}

/**
 * The record that stands for both: known by the other's identifiers and names too, as old ones. Whoever
 * comes with the one or the other is recognised.
 */
export function survivingPatient(patient: JsonObject, replaced: JsonObject): GivingPatient {
  const given = {
    identifier: notIn(patient.identifier, listOf(replaced.identifier).map(asOld)),
    name: notIn(patient.name, listOf(replaced.name).map(asOld)),
    link: [{ other: { reference: `Patient/${String(replaced.id)}` }, type: 'replaces' }],
  }
  const added = Object.entries(given).map(([element, values]): [string, unknown] => [
    element,
    [...listOf(patient[element]), ...values],
  ])
  return {
    patient: { ...patient, ...Object.fromEntries(added.filter(([, all]) => !isEmpty(all))) },
    given,
  }
}

/** Without what it was given; what has been changed meanwhile stays as it is. */
export function partedPatient(patient: JsonObject, given: Given): JsonObject {
  return Object.entries(given).reduce((rest, [element, values]) => {
    const left = [...listOf(rest[element])]
    for (const value of values) {
      const at = left.findLastIndex((one) => isDeepStrictEqual(one, value))
      if (at >= 0) left.splice(at, 1)
    }
    return withList(rest, element, left)
  }, patient)
}

function isLink(link: unknown, type: string, other: string): boolean {
  if (!isJsonObject(link) || link.type !== type) return false
  return valuesAt(link, 'other.reference').includes(`Patient/${other}`)
}

function asOld(element: unknown): unknown {
  return isJsonObject(element) ? { ...element, use: 'old' } : element
}

/** What the list does not say already, whatever use it says it has. */
function notIn(list: unknown, added: readonly unknown[]): readonly unknown[] {
  const known = listOf(list).map(withoutUse)
  return added.filter((one) => !known.some((other) => isDeepStrictEqual(other, withoutUse(one))))
}

function withoutUse(element: unknown): unknown {
  if (!isJsonObject(element)) return element
  const { use: _use, ...rest } = element
  return rest
}

function isEmpty(value: unknown): boolean {
  return Array.isArray(value) && value.length === 0
}

/** FHIR has no empty lists. */
function withList(object: JsonObject, element: string, values: readonly unknown[]): JsonObject {
  const { [element]: _values, ...rest } = object
  return values.length === 0 ? rest : { ...rest, [element]: values }
}
