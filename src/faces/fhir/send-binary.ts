/** A Binary as the bytes it holds (R4 binary, section 2.13.2). */
import type { Request, Response } from 'express'
import { HubError } from '../../kernel/errors.ts'
import { textOf, type JsonObject } from '../../wire/fhir/json.ts'
import { mediaRanges } from './media-ranges.ts'
import { send } from './send.ts'

/** Throws `not-acceptable` where the caller takes other types alone. */
export function sendBinary(req: Request, res: Response, binary: JsonObject): void {
  const [type = ''] = (textOf(binary.contentType) ?? '').split(';')
  if (!isAccepted(req, type.trim().toLowerCase()))
    throw new HubError('not-acceptable', 'The bytes are of another type than is accepted')
  // Whatever it is, a browser shows it to nobody as a page of the hub's.
  res.setHeader('Content-Disposition', 'attachment')
  res.setHeader('X-Content-Type-Options', 'nosniff')
  const body = Buffer.from(textOf(binary.data) ?? '', 'base64')
  send(res, { status: 200, type: textOf(binary.contentType) ?? 'application/octet-stream', body })
}

function isAccepted(req: Request, type: string): boolean {
  const ranges = mediaRanges(req.headers.accept ?? '*/*').map((range) => range.type)
  const [family = ''] = type.split('/')
  return ranges.some((range) => ['*/*', `${family}/*`, type].includes(range))
}
