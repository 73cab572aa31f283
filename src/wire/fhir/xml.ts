/** FHIR resources in XML, both ways, driven by the definitions; numbers keep their digits (`exact-json.ts`). */
import { decodeXml } from '../xml/decode.ts'
import { nextToken, openXml } from '../xml/tokens.ts'
import type { JsonObject } from './json.ts'
import type { Structures } from './structures.ts'
import { readResource, unreadable, type Found } from './xml-read.ts'
import { writeXml } from './xml-write.ts'

export interface FhirXml {
  /**
   * Throws `invalid` with every problem, each with its line and FHIRPath, where the document is not well-formed or
   * not a resource of R4; `unsupported-media-type` where it is neither UTF-8 nor UTF-16.
   */
  parse(bytes: Uint8Array): JsonObject & { readonly resourceType: string }
  /** Throws `not-acceptable`, located, where XML cannot say what the resource holds. */
  write(resource: JsonObject): string
}

export function makeXml(structures: Structures): FhirXml {
  return {
    parse: (bytes) => parse(decodeXml(bytes), structures),
    write: (resource) => writeXml(resource, structures),
  }
}

function parse(
  text: string,
  structures: Structures,
): JsonObject & { readonly resourceType: string } {
  const cursor = openXml(text)
  const found: Found[] = []
  let start = nextToken(cursor)
  while (start?.kind === 'comment') start = nextToken(cursor)
  if (start?.kind !== 'start') throw unreadable(text, found)
  const resource = readResource({ cursor, structures, found }, { start, steps: [], depth: 1 })
  // To the end: what follows may be comments alone.
  while (nextToken(cursor) !== undefined);
  if (found.length > 0) throw unreadable(cursor.text, found)
  return { ...resource, resourceType: start.name }
}
