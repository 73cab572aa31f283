/** Errors as `application/problem+json` (RFC 9457), for the faces whose standard leaves the form open. */
import { STATUS_CODES } from 'node:http'
import type { ErrorRequestHandler, Response } from 'express'
import { HubError, isHubError } from '../kernel/errors.ts'
import type { Log } from '../kernel/log.ts'
import { HTTP_STATUS } from './http-status.ts'
import { contextOf } from './request-state.ts'

/** Last in a face's router. What is not a HubError is logged here, once, and told as nothing but 500. */
export function problemJson(log: Log): ErrorRequestHandler {
  return function problemJson(error: unknown, req, res, _next) {
    const { requestId } = contextOf(req)
    const known = isHubError(error) ? error : fromBodyParser(error)
    if (known === undefined) log.error({ err: error, requestId }, 'A request failed')
    if (res.headersSent) {
      // The answer has begun: cutting it is the only way left to say that it is not whole.
      res.destroy()
      return
    }
    sendProblem(res, known, requestId)
  }
}

function sendProblem(res: Response, error: HubError | undefined, requestId: string): void {
  const status = error === undefined ? 500 : HTTP_STATUS[error.code]
  const body = {
    type: 'about:blank',
    title: STATUS_CODES[status],
    status,
    detail: error?.message ?? 'The request failed; the operators’ log says why',
    ...(error?.reason !== undefined && { code: error.reason }),
    ...(error !== undefined && error.problems.length > 0 && { problems: error.problems }),
    request_id: requestId,
  }
  res.status(status).type('application/problem+json').send(JSON.stringify(body))
}

/** Express' body parser throws errors of its own, with a status and a type. */
function fromBodyParser(error: unknown): HubError | undefined {
  if (!(error instanceof Error) || !('status' in error) || !('type' in error)) return undefined
  const cause = { cause: error }
  switch (error.status) {
    case 413:
      return new HubError('too-large', 'The request body is too large', cause)
    case 415:
      return new HubError('unsupported-media-type', 'The encoding is not supported', cause)
    case 400:
      return new HubError('invalid', 'The request body cannot be read', cause)
    default:
      return undefined
  }
}
