/** JSON from outside, bounded in size and depth before it becomes objects. */
import { HubError } from '../../kernel/errors.ts'
import { isJsonObject, type JsonObject } from './json.ts'

/** FHIR resources nest some ten levels; Bundles and extensions add to that. */
const MAX_DEPTH = 40

/**
 * A FHIR resource in JSON. Throws `invalid` where the text is not JSON, nests too deeply, or is no
 * object with a resourceType.
 */
export function parseResourceJson(
  bytes: Uint8Array,
): JsonObject & { readonly resourceType: string } {
  const text = decode(bytes)
  if (isDeeperThan(text, MAX_DEPTH)) {
    throw new HubError('invalid', `The JSON nests deeper than ${MAX_DEPTH} levels`)
  }
  const value = parse(text)
  if (!isResource(value)) {
    throw new HubError('invalid', 'The body is not a FHIR resource: an object with a resourceType')
  }
  return value
}

/** FHIR JSON is UTF-8 (R4 json.html); a byte order mark is tolerated. */
function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (cause) {
    throw new HubError('invalid', 'The body is not UTF-8', { cause })
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // The engine's message quotes the body, which may hold what must not be in an error.
    throw new HubError('invalid', 'The body is not JSON')
  }
}

/** Counts brackets outside strings, so that a hostile body never reaches the parser. */
function isDeeperThan(text: string, limit: number): boolean {
  let depth = 0
  let inString = false
  for (let at = 0; at < text.length; at++) {
    const character = text[at]
    if (character === '\\' && inString) at++
    else if (character === '"') inString = !inString
    else if (!inString && (character === '{' || character === '[')) depth++
    else if (!inString && (character === '}' || character === ']')) depth--
    if (depth > limit) return true
  }
  return false
}

function isResource(value: unknown): value is JsonObject & { readonly resourceType: string } {
  return isJsonObject(value) && typeof value.resourceType === 'string'
}
