/** What a Consent refers to and only the registry can tell: looked up before the Consent is read. */
import type { OrganizationId, StudyUid } from '../../kernel/ids.ts'
import { isJsonObject, listOf, textOf, valuesAt, type JsonObject } from './json.ts'

export interface ConsentReferences {
  /** Study UIDs behind `ImagingStudy/id` or `DiagnosticReport/id`; undefined where there are none. */
  readonly studies: (reference: string) => readonly StudyUid[] | undefined
  /** The member with this organisation number. */
  readonly member: (orgnr: string) => OrganizationId | undefined
}

const STUDY_REFERENCE = /^(?:ImagingStudy|DiagnosticReport)\/[A-Za-z0-9.-]{1,64}$/
const MAX_DEPTH = 5

/** The references to studies and reports anywhere in the provisions, each once. */
export function studyReferencesOf(consent: JsonObject): readonly string[] {
  const found = new Set<string>()
  let provisions: readonly unknown[] = listOf(consent.provision)
  for (let level = 0; level <= MAX_DEPTH && provisions.length > 0; level += 1) {
    const objects = provisions.filter(isJsonObject)
    for (const reference of objects.flatMap((one) => valuesAt(one, 'data.reference.reference'))) {
      const text = textOf(reference)
      if (text !== undefined && STUDY_REFERENCE.test(text)) found.add(text)
    }
    provisions = objects.flatMap((one) => listOf(one.provision))
  }
  return [...found]
}
