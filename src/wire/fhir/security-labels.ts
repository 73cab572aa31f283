/** Security labels of a resource (`meta.security`) as the policy columns hold them. */
import { isJsonObject, listOf, textOf, valuesAt, type JsonObject } from './json.ts'

/** `system|code` of each label, or the code alone. */
export function securityLabels(resource: JsonObject): readonly string[] {
  return valuesAt(resource, 'meta.security').flatMap((label) => keyOf(label) ?? [])
}

function keyOf(label: unknown): string | undefined {
  const code = isJsonObject(label) ? textOf(label.code) : undefined
  const system = isJsonObject(label) ? textOf(label.system) : undefined
  return code === undefined || system === undefined ? code : `${system}|${code}`
}

/** The other way about: the Coding of an entry of `securityLabels`. */
export function labelOf(key: string): JsonObject {
  const end = key.lastIndexOf('|')
  return end === -1 ? { code: key } : { system: key.slice(0, end), code: key.slice(end + 1) }
}

/**
 * The next version with the labels of the one `before` it: a sender that leaves one out may know nothing of it,
 * and what it keeps back would be open. A patch takes one away.
 */
export function withLabelsOf(before: JsonObject, resource: JsonObject): JsonObject {
  const known = securityLabels(resource)
  const kept = valuesAt(before, 'meta.security').filter((label) => {
    const key = keyOf(label)
    return key !== undefined && !known.includes(key)
  })
  if (kept.length === 0) return resource
  const meta = isJsonObject(resource.meta) ? resource.meta : {}
  return { ...resource, meta: { ...meta, security: [...listOf(meta.security), ...kept] } }
}
