/** update (R4 http, section 3.1.0.4): a Consent's next version, by which a block is changed or withdrawn. */
import type { RequestHandler } from 'express'
import { HubError } from '../../kernel/errors.ts'
import type { ReplaceConsent } from '../../services/replace-consent.ts'
import { contextOf, principalOf } from '../request-state.ts'
import { requireServed } from './interactions.ts'
import { resourceBody } from './request.ts'
import { sendWritten } from './send-written.ts'

export interface UpdateDeps {
  readonly replaceConsent: ReplaceConsent
}

export function update(deps: UpdateDeps): RequestHandler<{ type: string; id: string }> {
  return async function update(req, res) {
    const { type, id } = req.params
    requireServed(type, 'update')
    if (req.headers['if-match'] !== undefined) {
      throw new HubError('invalid', 'If-Match is not served: the last consent sent is in force')
    }
    const consent = resourceBody(req)
    if (consent.resourceType !== type || consent.id !== id) {
      throw new HubError('invalid', `The body is not the ${type} of this address`)
    }
    const stored = await deps.replaceConsent(principalOf(req), { id, consent }, contextOf(req))
    sendWritten(req, res, 200, stored)
  }
}
