/** Answers of the registry: JSON text with the headers FHIR asks for. */
import type { Response } from 'express'
import type { JsonObject } from '../../wire/fhir/json.ts'

const FHIR_JSON = 'application/fhir+json; charset=utf-8'

/** Clinical answers are for this caller and this moment. */
const PRIVATE = 'private, no-store'

/** The text goes out as it is: it comes from the database or was just put together. */
export function sendText(res: Response, status: number, text: string): void {
  const body = Buffer.from(text)
  res.writeHead(status, {
    'Content-Type': FHIR_JSON,
    'Content-Length': body.length,
    'Cache-Control': PRIVATE,
  })
  res.end(body)
}

export function sendJson(res: Response, status: number, value: JsonObject): void {
  sendText(res, status, JSON.stringify(value))
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
