/** update, by id or by a condition (R4 http, section 3.1.0.4). */
import type { RequestHandler } from 'express'
import { HubError } from '../../kernel/errors.ts'
import type { ReplaceConsent } from '../../services/replace-consent.ts'
import { requireConditional, requireServed } from '../../services/require-served.ts'
import type { UpdateResource } from '../../services/update-resource.ts'
import { readVersionMatch } from '../../wire/fhir/version-match.ts'
import { contextOf, principalOf } from '../request-state.ts'
import { urlCondition, type ConditionDeps } from './condition.ts'
import { requireId, resourceBody } from './request.ts'
import { sendWritten } from './send-written.ts'

export interface UpdateDeps extends ConditionDeps {
  readonly updateResource: UpdateResource
  readonly replaceConsent: ReplaceConsent
}

export function update(deps: UpdateDeps): RequestHandler<{ type: string; id: string }> {
  return async function update(req, res) {
    const { type, id } = req.params
    requireServed(type, 'update')
    requireId(id)
    const ifMatch = readVersionMatch(req.headers['if-match'])
    const resource = resourceBody(req)
    if (resource.resourceType !== type || resource.id !== id) {
      throw new HubError('invalid', `The body is not the ${type} of this address`)
    }
    const [principal, context] = [principalOf(req), contextOf(req)]
    const stored = await (type === 'Consent'
      ? deps.replaceConsent(principal, { id, consent: resource, ifMatch }, context)
      : deps.updateResource(principal, { resource, target: { id }, ifMatch }, context))
    sendWritten(req, res, { base: deps.base, resource: stored })
  }
}

export function conditionalUpdate(deps: UpdateDeps): RequestHandler<{ type: string }> {
  return async function conditionalUpdate(req, res) {
    const { type } = req.params
    requireConditional(type, 'update')
    const search = urlCondition(deps, req)
    const ifMatch = readVersionMatch(req.headers['if-match'])
    const resource = resourceBody(req)
    if (resource.resourceType !== type) throw new HubError('invalid', `The body is no ${type}`)
    const request = { resource, target: { search }, ifMatch }
    const stored = await deps.updateResource(principalOf(req), request, contextOf(req))
    sendWritten(req, res, { base: deps.base, resource: stored })
  }
}
