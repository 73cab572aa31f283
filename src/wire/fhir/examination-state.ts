/** What of an examination the hub has, as extensions on its ImagingStudy and its reports. */
import type { ExaminationState } from '../../domain/imaging/completeness.ts'
import { isJsonObject, listOf, type JsonObject } from './json.ts'

const COMPLETENESS = 'https://samsyn.no/fhir/StructureDefinition/completeness'
const HAS_REPORT = 'https://samsyn.no/fhir/StructureDefinition/has-report'

/** The resource with its state: a sender's own word for it is none. The same object where nothing changes. */
export function withState(resource: JsonObject, state: ExaminationState): JsonObject {
  const isStudy = resource.resourceType === 'ImagingStudy'
  const own = [
    ...(isStudy ? [{ url: HAS_REPORT, valueBoolean: state.hasReport }] : []),
    { url: COMPLETENESS, valueCode: state.completeness },
  ]
  const others = listOf(resource.extension).filter((one) => !isState(one))
  const extension = [...others, ...own]
  return JSON.stringify(extension) === JSON.stringify(resource.extension)
    ? resource
    : { ...resource, extension }
}

function isState(extension: unknown): boolean {
  return isJsonObject(extension) && (extension.url === COMPLETENESS || extension.url === HAS_REPORT)
}
