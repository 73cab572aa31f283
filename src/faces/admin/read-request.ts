/** What every route of /admin reads of its request. */
import type { Request } from 'express'
import { HubError } from '../../kernel/errors.ts'
import type { Operator } from '../../services/administration.ts'
import { contextOf, principalOf } from '../request-state.ts'

export function operatorOf(req: object): Operator {
  return { principal: principalOf(req), context: contextOf(req) }
}

export function bodyOf(req: Request<Record<string, string>>): unknown {
  const body: unknown = req.body
  if (body === undefined || isEmpty(req))
    throw new HubError('unsupported-media-type', 'Send the request as application/json')
  return body
}

/** Express makes `{}` of a body that is not there. */
export function isEmpty(req: Request<Record<string, string>>): boolean {
  return req.get('transfer-encoding') === undefined && Number(req.get('content-length') ?? 0) === 0
}
