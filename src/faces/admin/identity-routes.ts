/** The queue of studies and reports whose patient a person must settle, and the Patients that are one person. */
import type { Router } from 'express'
import { HubError } from '../../kernel/errors.ts'
import type { PatientId } from '../../kernel/ids.ts'
import type { Administration } from '../../services/administration.ts'
import type { LinkPatients } from '../../services/link-patients.ts'
import { unclearIdentityView } from '../../wire/admin/queue-views.ts'
import {
  identityDecisionSchema,
  parseRequest,
  patientMergeSchema,
  unclearIdentityPageSchema,
} from '../../wire/admin/requests.ts'
import { contextOf, principalOf } from '../request-state.ts'
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
    const { imagingStudy: imaging_study, report, patient } = resolved
    res.json({ imaging_study, report, patient })
  })
}

/** Who says that two are one person is in the log as themselves: no shell and no job does it. */
export function addPatientRoutes(router: Router, linkPatients: LinkPatients): void {
  router.post('/patients/:id/merge', async (req, res) => {
    const { into: survivor } = parseRequest(patientMergeSchema, bodyOf(req))
    const link = { replaced: patientOf(req.params.id), survivor }
    res.json(await linkPatients.merge(principalOf(req), link, contextOf(req)))
  })
  router.post('/patients/:id/unmerge', async (req, res) => {
    const replaced = patientOf(req.params.id)
    res.json(await linkPatients.unmerge(principalOf(req), replaced, contextOf(req)))
  })
}

function patientOf(text: string): PatientId {
  if (/^[A-Za-z0-9.-]{1,64}$/.test(text)) return text as PatientId
  throw new HubError('not-found', 'There is no such patient')
}

function numberOf(text: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text)
  throw new HubError('not-found', 'There is no such unclear identity')
}
