/** Security labels of a resource (`meta.security`) as the policy columns hold them. */
import { isJsonObject, textOf, valuesAt, type JsonObject } from './json.ts'

/** `system|code` of each label, or the code alone. */
export function securityLabels(resource: JsonObject): readonly string[] {
  return valuesAt(resource, 'meta.security').flatMap((label) => {
    const code = isJsonObject(label) ? textOf(label.code) : undefined
    const system = isJsonObject(label) ? textOf(label.system) : undefined
    if (code === undefined) return []
    return [system === undefined ? code : `${system}|${code}`]
  })
}
