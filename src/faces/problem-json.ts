/** Errors as `application/problem+json` (RFC 9457), for the faces whose standard leaves the form open. */
import { STATUS_CODES } from 'node:http'
import type { ErrorRequestHandler, Response } from 'express'
import { type HubError, isHubError } from '../kernel/errors.ts'
import type { Log } from '../kernel/log.ts'
import { HTTP_STATUS } from './http-status.ts'
import { parserFault } from './parser-fault.ts'
import { contextOf } from './request-state.ts'

/** Last in a face's router. What is not a HubError is logged here, once, and told as nothing but 500. */
export function problemJson(log: Log): ErrorRequestHandler {
  return function problemJson(error: unknown, req, res, _next) {
    const { requestId } = contextOf(req)
    const known = isHubError(error) ? error : parserFault(error)
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
