/** Answers of the registry, in the format that was negotiated, with the headers FHIR asks for. */
import type { Request, Response } from 'express'
import type { JsonObject } from '../../wire/fhir/json.ts'
import { formatOf, MEDIA_TYPES, writeResource, writeText } from './format.ts'

/** Clinical answers are for this caller and this moment. */
const PRIVATE = 'private, no-store'

/** JSON text, which goes out as it is where JSON is wanted: it comes from the database or was just put together. */
export function sendText(req: Request, res: Response, status: number, text: string): void {
  const format = formatOf(req)
  send(res, { status, type: MEDIA_TYPES[format.kind], body: writeText(format, text) })
}

/** A resource; `headers` come on top of what every answer has. */
// eslint-disable-next-line max-params -- the contract of the face's operations
export function sendResource(
  req: Request,
  res: Response,
  status: number,
  resource: JsonObject,
  headers: Readonly<Record<string, string>> = {},
): void {
  const format = formatOf(req)
  for (const [name, value] of Object.entries(headers)) res.setHeader(name, value)
  send(res, { status, type: MEDIA_TYPES[format.kind], body: writeResource(format, resource) })
}

interface Answer {
  readonly status: number
  readonly type: string
  readonly body: string | Buffer
}

export function send(res: Response, { status, type, body }: Answer): void {
  const bytes = Buffer.from(body)
  res.writeHead(status, {
    'Content-Type': type,
    'Content-Length': bytes.length,
    'Cache-Control': PRIVATE,
    Vary: 'Accept, Authorization',
  })
  res.end(bytes)
}

export interface Versioned {
  readonly version: number
  readonly lastUpdated: Date
}

export function setVersionHeaders(res: Response, { version, lastUpdated }: Versioned): void {
  res.setHeader('ETag', etagOf(version))
  res.setHeader('Last-Modified', lastUpdated.toUTCString())
}

/** R4 http, section 3.1.0.1.3: a weak tag with the version id. */
export function etagOf(version: number): string {
  return `W/"${version}"`
}
