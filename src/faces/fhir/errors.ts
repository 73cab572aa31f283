/** Errors in FHIR's words: an OperationOutcome with the status of its kind. */
import type { ErrorRequestHandler } from 'express'
import { HubError } from '../../kernel/errors.ts'
import type { Log } from '../../kernel/log.ts'
import { outcomeOf, unexpectedOutcome } from '../../wire/fhir/outcome.ts'
import { HTTP_STATUS } from '../http-status.ts'
import { contextOf } from '../request-state.ts'
import { allowedMethods } from './interactions.ts'
import { sendJson } from './send.ts'

export function errors(log: Log): ErrorRequestHandler {
  return function errors(error: unknown, req, res, _next) {
    const { requestId } = contextOf(req)
    if (res.headersSent) {
      log.error({ requestId, error }, 'A FHIR answer broke off')
      res.destroy()
      return
    }
    const known = error instanceof HubError ? error : fromParser(error)
    if (known !== undefined) {
      if (known.code === 'method-not-allowed') res.setHeader('Allow', allowedMethods(req.path))
      sendJson(res, HTTP_STATUS[known.code], outcomeOf(known))
      return
    }
    log.error({ requestId, error }, 'A FHIR request failed')
    sendJson(res, 500, unexpectedOutcome(requestId))
  }
}

/** What Express and its body parser throw before an interaction is reached carries a 4xx status. */
function fromParser(error: unknown): HubError | undefined {
  const status = error instanceof Error && 'status' in error ? error.status : undefined
  if (status === 413) return new HubError('too-large', 'The body is larger than is taken here')
  if (status === 415) return new HubError('unsupported-media-type', 'The encoding is not supported')
  if (typeof status !== 'number' || status < 400 || status > 499) return undefined
  return new HubError('invalid', 'The request could not be read')
}
