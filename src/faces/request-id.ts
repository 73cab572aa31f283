/** One id for a request, in its response, its log lines and its audit records. */
import { randomUUID } from 'node:crypto'
import type { RequestHandler } from 'express'
import { lookup } from '../kernel/lookup.ts'
import { setContext } from './request-state.ts'

/** What a caller may send: an id of its own, safe in a log line and a header. */
const ACCEPTABLE = /^[A-Za-z0-9._:-]{8,64}$/
/** What may be a national id is none of these: it would be in every line. A UUID's groups have other lengths. */
const ELEVEN_DIGITS = /(?<![\dA-Fa-f])\d{11}(?![\dA-Fa-f])/

/** First segment of the path: the audit's name for the protocol. */
const CHANNELS: Readonly<Record<string, string>> = {
  fhir: 'fhir',
  'dicom-web': 'dicomweb',
  oauth: 'oauth',
  '.well-known': 'oauth',
  admin: 'admin',
}

/** Takes the caller's `X-Request-Id` where it is acceptable, makes one where not, and answers with it. */
export function requestId(): RequestHandler {
  return function requestId(req, res, next) {
    const sent = req.get('x-request-id')
    const id = sent !== undefined && isAcceptable(sent) ? sent : randomUUID()
    res.setHeader('X-Request-Id', id)
    const [, segment = ''] = req.path.split('/')
    // Behind a trusted proxy `ip` is the caller's own (SAMSYN_TRUST_PROXY).
    setContext(req, {
      requestId: id,
      channel: lookup(CHANNELS, segment) ?? 'http',
      address: req.ip,
    })
    next()
  }
}

function isAcceptable(id: string): boolean {
  return ACCEPTABLE.test(id) && !ELEVEN_DIGITS.test(id)
}
