/** The format that a caller wants its answer in, and reading what it sends (R4 http, section 3.1.0.1.11). */
import type { Request, RequestHandler } from 'express'
import { HubError } from '../../kernel/errors.ts'
import { isJsonObject, type JsonObject } from '../../wire/fhir/json.ts'
import { parseJsonText } from '../../wire/fhir/parse-json.ts'
import type { FhirXml } from '../../wire/fhir/xml.ts'
import { mediaRanges } from './media-ranges.ts'
import { queryPairs } from './query-pairs.ts'

/** Of FHIR's two formats, and the ways in which both may be written. */
export interface Format {
  readonly kind: 'json' | 'xml'
  readonly pretty: boolean
  readonly xml: FhirXml
}

const KINDS: ReadonlyMap<string, Format['kind'] | 'any'> = new Map([
  ['application/fhir+json', 'json'],
  ['application/json', 'json'],
  ['text/json', 'json'],
  ['json', 'json'],
  ['application/fhir+xml', 'xml'],
  ['application/xml', 'xml'],
  ['text/xml', 'xml'],
  ['xml', 'xml'],
  ['*/*', 'any'],
  ['application/*', 'any'],
  ['text/*', 'any'],
])

const formats = new WeakMap<object, Format>()

/** Settles on a format, or throws `not-acceptable`. A Binary may be wanted as its own type: its read decides. */
export function negotiate(xml: FhirXml): RequestHandler {
  return function negotiate(req, _res, next) {
    const pairs = queryPairs(req)
    const asked = pairs.find(([name]) => name === '_format')?.[1]
    const pretty = pairs.some(([name, value]) => name === '_pretty' && value === 'true')
    const kind = kindOf(asked ?? req.headers.accept ?? '*/*', asked !== undefined)
    formats.set(req, { kind: kind ?? 'json', pretty, xml })
    if (kind === undefined && !/^\/Binary\/[^/]+(?:\/_history\/[^/]+)?$/.test(req.path))
      throw refusal()
    next()
  }
}

/** For addresses with a format of their own: what goes wrong there is told in JSON. */
export function answerInJson(xml: FhirXml): RequestHandler {
  return function answerInJson(req, _res, next) {
    formats.set(req, { kind: 'json', pretty: false, xml })
    next()
  }
}

/** A search by POST may name its format in the form. */
export function askFormat(req: Request, asked: string): void {
  const kind = kindOf(asked, true)
  if (kind === undefined) throw refusal()
  formats.set(req, { ...formatOf(req), kind })
}

function refusal(): HubError {
  return new HubError(
    'not-acceptable',
    'The registry answers in application/fhir+json and application/fhir+xml, version 4.0',
  )
}

/** The caller's first choice among what there is; JSON where it has none. */
function kindOf(text: string, isParameter: boolean): Format['kind'] | undefined {
  for (const { type, parameters } of mediaRanges(text)) {
    const kind = KINDS.get(type)
    const version = parameters.get('fhirversion') ?? '4.0'
    if (kind === undefined || version !== '4.0' || (isParameter && kind === 'any')) continue
    return kind === 'any' ? 'json' : kind
  }
  return undefined
}

/** Whether the caller names one of FHIR's formats, rather than whatever there is. */
export function namesFormat(req: Request): boolean {
  const asked = queryPairs(req).some(([name]) => name === '_format')
  const kinds = mediaRanges(req.headers.accept ?? '').map(({ type }) => KINDS.get(type))
  return asked || kinds.some((kind) => kind === 'json' || kind === 'xml')
}

/** The format of a body; undefined where its Content-Type is none of FHIR's. */
export function sentKind(req: Request): Format['kind'] | undefined {
  const [range] = mediaRanges(req.headers['content-type'] ?? '')
  const kind = KINDS.get(range?.type ?? '')
  return kind === 'any' ? undefined : kind
}

export function formatOf(req: object): Format {
  const format = formats.get(req)
  if (format === undefined) throw new TypeError('No format was negotiated')
  return format
}

export const MEDIA_TYPES: Readonly<Record<Format['kind'], string>> = {
  json: 'application/fhir+json; charset=utf-8',
  xml: 'application/fhir+xml; charset=utf-8',
}

export function writeResource(format: Format, resource: JsonObject): string {
  if (format.kind === 'xml') return format.xml.write(resource)
  return JSON.stringify(resource, undefined, format.pretty ? 2 : undefined)
}

/** JSON text of the hub's own, which goes out as it is where that is what is wanted. */
export function writeText(format: Format, text: string): string {
  if (format.kind === 'json' && !format.pretty) return text
  return writeResource(format, readStored(text))
}

export function readStored(text: string): JsonObject {
  const resource = parseJsonText(text)
  if (!isJsonObject(resource)) throw new TypeError('What is stored is no resource')
  return resource
}
