/** JSON from outside: UTF-8, bounded in depth and count, every name once, every number as it was written. */
import { HubError } from '../../kernel/errors.ts'
import { isJsonObject, type JsonObject } from './json.ts'
import { readJson, type JsonBounds } from './read-json.ts'
import { scanJson, type JsonScan } from './scan-json.ts'

/**
 * FHIR resources nest some ten levels; Bundles and extensions add to that. A value costs some fifty bytes once
 * parsed, and a Bundle of ten thousand small resources has fewer than these.
 */
const BOUNDS: JsonBounds = { depth: 40, values: 250_000 }

/**
 * A FHIR resource in JSON; numbers as `exact-json.ts` says. The face bounds its size. Throws `invalid`, located,
 * where the text is not UTF-8 or JSON, nests too deeply, has too many values, a name twice or a character
 * no FHIR string may have, or is no object with a resourceType.
 */
export function parseResourceJson(
  bytes: Uint8Array,
): JsonObject & { readonly resourceType: string } {
  const value = parseJson(bytes)
  if (!isResource(value)) {
    throw new HubError('invalid', 'The body is not a FHIR resource: an object with a resourceType')
  }
  return value
}

/** As `parseResourceJson`, for any JSON, as a patch. */
export function parseJson(bytes: Uint8Array): unknown {
  return parseWithin(bytes, BOUNDS)
}

/** As `parseJson`, of what the hub itself stored: it was bounded when it came, perhaps as XML. */
export function parseJsonText(text: string): unknown {
  return parseWithin(new TextEncoder().encode(text), { depth: BOUNDS.depth, values: Infinity })
}

function parseWithin(bytes: Uint8Array, bounds: JsonBounds): unknown {
  const text = decode(bytes)
  const scan = scanJson(bytes)
  if (scan.peculiar || scan.depth > bounds.depth || scan.values > bounds.values) {
    return readJson(text, bounds)
  }
  return quickly(text, scan) ?? readJson(text, bounds)
}

/** FHIR JSON is UTF-8 (R4 json.html); a byte order mark is tolerated. */
function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (cause) {
    throw new HubError('invalid', 'The body is not UTF-8', { cause })
  }
}

/** Undefined where the engine refuses the text or saw fewer names than the scan: it keeps the last of a name's values. */
function quickly(text: string, scan: JsonScan): unknown {
  try {
    const value: unknown = JSON.parse(text)
    return countNames(value) === scan.names ? value : undefined
  } catch {
    // The engine's message quotes the body, which may hold what must not be in an error.
    return undefined
  }
}

/** NaN, which equals nothing, where one is a name that no element has and careless copying would act on. */
function countNames(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0
  if (Array.isArray(value)) {
    let count = 0
    for (const one of value as readonly unknown[]) count += countNames(one)
    return count
  }
  return isJsonObject(value) ? countNamesOf(value) : 0
}

function countNamesOf(object: JsonObject): number {
  let count = 0
  for (const name in object) {
    if (name === '__proto__') return NaN
    count += 1 + countNames(object[name])
  }
  return count
}

function isResource(value: unknown): value is JsonObject & { readonly resourceType: string } {
  return isJsonObject(value) && typeof value.resourceType === 'string'
}
