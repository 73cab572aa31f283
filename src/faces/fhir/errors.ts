/** Errors in FHIR's words: an OperationOutcome with the status of its kind. */
import type { ErrorRequestHandler } from 'express'
import { isHubError } from '../../kernel/errors.ts'
import type { Log } from '../../kernel/log.ts'
import { outcomeOf, unexpectedOutcome } from '../../wire/fhir/outcome.ts'
import { HTTP_STATUS } from '../http-status.ts'
import { parserFault } from '../parser-fault.ts'
import { contextOf } from '../request-state.ts'
import { allowedMethods } from './allowed-methods.ts'
import { sendResource } from './send.ts'

export function errors(log: Log): ErrorRequestHandler {
  return function errors(error: unknown, req, res, _next) {
    const { requestId } = contextOf(req)
    if (res.headersSent) {
      log.error({ requestId, err: error }, 'A FHIR answer broke off')
      res.destroy()
      return
    }
    const known = isHubError(error) ? error : parserFault(error)
    if (known !== undefined) {
      if (known.code === 'method-not-allowed') res.setHeader('Allow', allowedMethods(req.path))
      if (known.retryAfter !== undefined) res.setHeader('Retry-After', known.retryAfter)
      sendResource(req, res, HTTP_STATUS[known.code], outcomeOf(known))
      return
    }
    log.error({ requestId, err: error }, 'A FHIR request failed')
    sendResource(req, res, 500, unexpectedOutcome(requestId))
  }
}
