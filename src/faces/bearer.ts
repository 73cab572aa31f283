/** Access tokens on requests (RFC 6750, RFC 9449 section 7): the one way in for the resource faces; no cookie is read. */
import type { Request, RequestHandler, Response } from 'express'
import { printableAscii } from './printable-ascii.ts'
import { setPrincipal } from './request-state.ts'
import { HubError } from '../kernel/errors.ts'
import { SIGNATURE_ALGORITHMS } from '../wire/oauth/invalid-token.ts'
import type { Authenticate } from '../services/authenticate.ts'

export interface BearerDeps {
  readonly authenticate: Authenticate
  /** SAMSYN_BASE_URL: what a proof's `htu` is compared with, whatever a proxy made of the request. */
  readonly publicUrl: string
}

/**
 * Sets the request's principal. A failure goes to the face's own error handler with `WWW-Authenticate`
 * already on the response.
 */
export function bearer({ authenticate, publicUrl }: BearerDeps): RequestHandler {
  return async function bearer(req, res, next) {
    try {
      const principal = await authenticate({
        authorization: req.headers.authorization,
        dpop: onlyOne(req.headers.dpop),
        method: req.method,
        url: publicUrl + pathOf(req),
      })
      setPrincipal(req, principal)
    } catch (error) {
      if (error instanceof HubError && error.code === 'unauthenticated') challenge(res, error)
      next(error)
      return
    }
    next()
  }
}

function pathOf(req: Request): string {
  const [path = ''] = req.originalUrl.split('?')
  return path
}

/** RFC 9449 section 4.3: not more than one DPoP header; Node joins several with a comma. */
function onlyOne(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header.join() : header
}

/** RFC 9110 section 11.6.1: both schemes are offered; the error stands with the first. */
function challenge(res: Response, { reason, message }: HubError): void {
  const fault =
    reason === undefined
      ? []
      : [`error="${reason}"`, `error_description="${printableAscii(message)}"`]
  const dpop = ['DPoP realm="samsyn"', `algs="${SIGNATURE_ALGORITHMS.join(' ')}"`, ...fault].join(
    ', ',
  )
  const bearerFault = reason === 'invalid_token' ? fault : []
  const plain = ['Bearer realm="samsyn"', ...bearerFault].join(', ')
  res.setHeader('WWW-Authenticate', [dpop, plain])
}
