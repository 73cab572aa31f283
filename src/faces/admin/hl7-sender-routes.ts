/** Systems that may send HL7 v2 messages, each for one member. */
import type { Router } from 'express'
import type { Administration } from '../../services/administration.ts'
import { hl7SenderView, newHl7SenderSchema } from '../../wire/admin/hl7-senders.ts'
import { parseRequest } from '../../wire/admin/requests.ts'
import { bodyOf, operatorOf } from './read-request.ts'

export function addHl7SenderRoutes(router: Router, administration: Administration): void {
  router.get('/hl7-senders', async (req, res) => {
    const senders = await administration.listHl7Senders(operatorOf(req))
    res.json(senders.map(hl7SenderView))
  })
  router.post('/hl7-senders', async (req, res) => {
    const request = parseRequest(newHl7SenderSchema, bodyOf(req))
    const sender = await administration.addHl7Sender(request, operatorOf(req))
    res.status(201).json(hl7SenderView(sender))
  })
  router.post('/hl7-senders/:id/disable', async (req, res) => {
    const sender = await administration.disableHl7Sender(req.params.id, operatorOf(req))
    res.json(hl7SenderView(sender))
  })
}
