/** The queue of studies whose patient a person must settle. */
import type { Router } from 'express'
import { HubError } from '../../kernel/errors.ts'
import type { Administration } from '../../services/administration.ts'
import { unclearIdentityView } from '../../wire/admin/queue-views.ts'
import {
  identityDecisionSchema,
  parseRequest,
  unclearIdentityPageSchema,
} from '../../wire/admin/requests.ts'
import { bodyOf, operatorOf } from './read-request.ts'

export function addIdentityRoutes(router: Router, administration: Administration): void {
  router.get('/unclear-identities', async (req, res) => {
    const page = parseRequest(unclearIdentityPageSchema, req.query)
    const doubts = await administration.listUnclearIdentities(page, operatorOf(req))
    res.json(doubts.map(unclearIdentityView))
  })
  router.post('/unclear-identities/:id/resolution', async (req, res) => {
    const decision = parseRequest(identityDecisionSchema, bodyOf(req))
    const id = numberOf(req.params.id)
    const resolved = await administration.resolveIdentity(id, decision, operatorOf(req))
    res.json({ imaging_study: resolved.imagingStudy, patient: resolved.patient })
  })
}

function numberOf(text: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text)
  throw new HubError('not-found', 'There is no such unclear identity')
}
