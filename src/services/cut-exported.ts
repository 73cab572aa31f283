/** `_elements` of an export: texts are taken apart only where parts of them are wanted. */
import { isJsonObject } from '../wire/fhir/json.ts'
import { parseJsonText } from '../wire/fhir/parse-json.ts'
import type { Summarize } from '../wire/fhir/summary.ts'

/** `elements` are names, or `Type.name`: those of other types leave this one whole. */
export function cutterOf(
  summarize: Summarize,
  elements: readonly string[],
  type: string,
): (content: string) => string {
  const wanted = elements
    .filter((one) => !one.includes('.') || one.startsWith(`${type}.`))
    .map((one) => one.slice(one.indexOf('.') + 1))
  if (wanted.length === 0) return (content) => content
  return (content) => {
    const resource = parseJsonText(content)
    if (!isJsonObject(resource)) throw new TypeError('What is stored is no resource')
    return JSON.stringify(summarize(resource, { elements: wanted }))
  }
}
