/** Whose feed is listened to for the identifiers of which system. */
import type { Router } from 'express'
import type { Administration } from '../../services/administration.ts'
import {
  newAuthoritySchema,
  parseRequest,
  removedAuthoritySchema,
} from '../../wire/admin/requests.ts'
import { bodyOf, operatorOf } from './read-request.ts'

export function addAuthorityRoutes(router: Router, administration: Administration): void {
  router.get('/authorities', async (req, res) => {
    res.json(await administration.listAuthorities(operatorOf(req)))
  })
  router.post('/authorities', async (req, res) => {
    const request = parseRequest(newAuthoritySchema, bodyOf(req))
    res.status(201).json(await administration.addAuthority(request, operatorOf(req)))
  })
  router.post('/authorities/removal', async (req, res) => {
    const { system } = parseRequest(removedAuthoritySchema, bodyOf(req))
    await administration.removeAuthority(system, operatorOf(req))
    res.json({ system })
  })
}
