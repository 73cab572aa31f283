/** The answer to a write: the resource as stored, its headers alone, or words about it, as is preferred (RFC 7240). */
import type { Request, Response } from 'express'
import type { CreatedResource } from '../../services/write-resource.ts'
import { informationOutcome } from '../../wire/fhir/outcome.ts'
import { preferenceOf } from './request.ts'
import { sendResource, sendText, setVersionHeaders } from './send.ts'

export interface WrittenAnswer {
  readonly base: string
  readonly resource: CreatedResource
}

/** 201 for what is new, 200 else. */
export function sendWritten(req: Request, res: Response, { base, resource }: WrittenAnswer): void {
  const status = resource.created ? 201 : 200
  setVersionHeaders(res, resource)
  res.setHeader('Location', locationOf(base, resource))
  switch (preferenceOf(req, 'return')) {
    case 'minimal':
      res.status(status).end()
      return
    case 'OperationOutcome':
      sendResource(req, res, status, informationOutcome(writtenText(resource)))
      return
    default:
      sendText(req, res, status, resource.content)
  }
}

export function writtenText({ type, id, version, created }: CreatedResource): string {
  return `${type}/${id} ${created ? 'was created' : 'is there'} as version ${version}`
}

type Named = Pick<CreatedResource, 'type' | 'id' | 'version'>

export function locationOf(base: string, { type, id, version }: Named): string {
  return `${base}/${type}/${id}/_history/${version}`
}
