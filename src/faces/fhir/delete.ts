/** delete, by id or by a condition that matches one (R4 http, section 3.1.0.7). */
import type { Request, RequestHandler, Response } from 'express'
import type { DeleteResource } from '../../services/delete-resource.ts'
import type { WriteTarget } from '../../services/find-target.ts'
import { requireConditional, requireServed } from '../../services/require-served.ts'
import { informationOutcome } from '../../wire/fhir/outcome.ts'
import { readVersionMatch } from '../../wire/fhir/version-match.ts'
import { contextOf, principalOf } from '../request-state.ts'
import { urlCondition, type ConditionDeps } from './condition.ts'
import { preferenceOf, requireId } from './request.ts'
import { sendResource, setVersionHeaders } from './send.ts'

export interface DeleteDeps extends ConditionDeps {
  readonly deleteResource: DeleteResource
}

export function remove(deps: DeleteDeps): RequestHandler<{ type: string; id: string }> {
  return async function remove(req, res) {
    requireServed(req.params.type, 'delete')
    await apply(deps, { id: requireId(req.params.id) }, req, res)
  }
}

export function conditionalRemove(deps: DeleteDeps): RequestHandler<{ type: string }> {
  return async function conditionalRemove(req, res) {
    requireConditional(req.params.type, 'delete')
    await apply(deps, { search: urlCondition(deps, req) }, req, res)
  }
}

/** 204 with the tombstone's version; a condition that matches nothing has nothing left to do. */
async function apply(
  { deleteResource }: DeleteDeps,
  target: WriteTarget,
  req: Request<{ type: string }> | Request<{ type: string; id: string }>,
  res: Response,
): Promise<void> {
  const { type } = req.params
  const ifMatch = readVersionMatch(req.headers['if-match'])
  const request = { type, target, ifMatch }
  const deleted = await deleteResource(principalOf(req), request, contextOf(req))
  if (deleted !== undefined) setVersionHeaders(res, deleted)
  if (preferenceOf(req, 'return') === 'OperationOutcome') {
    const text = deleted === undefined ? `No ${type} matches` : `${type}/${deleted.id} was deleted`
    sendResource(req, res, 200, informationOutcome(text))
  } else res.status(204).end()
}
