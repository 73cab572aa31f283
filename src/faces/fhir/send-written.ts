/** The answer to a write: the resource as stored, or its headers alone where that is preferred. */
import type { Request, Response } from 'express'
import type { CreatedResource } from '../../services/create-resource.ts'
import { preferenceOf } from './request.ts'
import { sendText, setVersionHeaders } from './send.ts'

/** `Prefer: return=minimal` leaves the body out (RFC 7240 section 4.2). */
export function sendWritten(
  req: Request<{ type: string }>,
  res: Response,
  status: number,
  resource: CreatedResource,
): void {
  setVersionHeaders(res, resource)
  if (preferenceOf(req, 'return') === 'minimal') res.status(status).end()
  else sendText(res, status, resource.content)
}
