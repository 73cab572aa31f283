/** patch by JSON Patch, by id or by a condition (R4 http, section 3.1.0.6). */
import type { Request, RequestHandler, Response } from 'express'
import type { WriteTarget } from '../../services/find-target.ts'
import type { PatchResource } from '../../services/patch-resource.ts'
import { requireConditional, requireServed } from '../../services/require-served.ts'
import { readVersionMatch } from '../../wire/fhir/version-match.ts'
import { contextOf, principalOf } from '../request-state.ts'
import { urlCondition, type ConditionDeps } from './condition.ts'
import { patchBody, requireId } from './request.ts'
import { sendWritten } from './send-written.ts'

export interface PatchDeps extends ConditionDeps {
  readonly patchResource: PatchResource
}

export function patch(deps: PatchDeps): RequestHandler<{ type: string; id: string }> {
  return async function patch(req, res) {
    requireServed(req.params.type, 'patch')
    await apply(deps, { id: requireId(req.params.id) }, req, res)
  }
}

export function conditionalPatch(deps: PatchDeps): RequestHandler<{ type: string }> {
  return async function conditionalPatch(req, res) {
    requireConditional(req.params.type, 'patch')
    await apply(deps, { search: urlCondition(deps, req) }, req, res)
  }
}

async function apply(
  deps: PatchDeps,
  target: WriteTarget,
  req: Request<{ type: string }> | Request<{ type: string; id: string }>,
  res: Response,
): Promise<void> {
  const ifMatch = readVersionMatch(req.headers['if-match'])
  const request = { type: req.params.type, target, patch: patchBody(req), ifMatch }
  const stored = await deps.patchResource(principalOf(req), request, contextOf(req))
  sendWritten(req, res, { base: deps.base, resource: stored })
}
