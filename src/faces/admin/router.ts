/**
 * /admin as JSON (described at /admin/openapi.json): members, clients, agreements, sources and authorities for
 * operators, unclear identities and merges of Patients for identity clerks, emergency accesses for the privacy
 * officers who review them.
 */
import express, { Router, type RequestHandler } from 'express'
import { HubError } from '../../kernel/errors.ts'
import type { Log } from '../../kernel/log.ts'
import type { Administration, ClientWithKey } from '../../services/administration.ts'
import type { AdmitOperator } from '../../services/admit-operator.ts'
import type { LinkPatients } from '../../services/link-patients.ts'
import {
  jwksSchema,
  movedSourceSchema,
  newAgreementSchema,
  newClientSchema,
  newMemberSchema,
  newSourceSchema,
  parseRequest,
} from '../../wire/admin/requests.ts'
import { agreementView, clientView, memberView, sourceView } from '../../wire/admin/views.ts'
import { problemJson } from '../problem-json.ts'
import { contextOf, principalOf } from '../request-state.ts'
import { addAuthorityRoutes } from './authority-routes.ts'
import { addHl7SenderRoutes } from './hl7-sender-routes.ts'
import { addIdentityRoutes, addPatientRoutes } from './identity-routes.ts'
import { openApi } from './openapi.ts'
import { bodyOf, isEmpty, operatorOf } from './read-request.ts'
import { addReviewRoutes, type ReviewDeps } from './review-routes.ts'

export interface AdminDeps extends ReviewDeps {
  readonly administration: Administration
  readonly linkPatients: LinkPatients
  readonly admitOperator: AdmitOperator
  readonly admitClerk: AdmitOperator
  /** Puts the caller's principal on the request. */
  readonly bearer: RequestHandler
  readonly log: Log
  /** The face's public address, as `https://hub.example/admin`. */
  readonly baseUrl: string
}

const MAX_BODY = '64kb'

/** Mount at `/admin`. */
export function adminRouter(deps: AdminDeps): Router {
  const router = Router()
  router.use(noStore)
  router.get('/openapi.json', (_req, res) => {
    res.json(openApi(deps.baseUrl))
  })
  router.use(deps.bearer, express.json({ limit: MAX_BODY }))
  addReviewRoutes(router, deps)
  router.use(['/unclear-identities', '/patients'], admitting(deps.admitClerk))
  addIdentityRoutes(router, deps.administration)
  addPatientRoutes(router, deps.linkPatients)
  router.use(admitting(deps.admitOperator))
  addMemberRoutes(router, deps.administration)
  addClientRoutes(router, deps.administration)
  addAgreementRoutes(router, deps.administration)
  addSourceRoutes(router, deps.administration)
  addAuthorityRoutes(router, deps.administration)
  addHl7SenderRoutes(router, deps.administration)
  router.use(() => {
    throw new HubError('not-found', 'There is nothing at this address: see /admin/openapi.json')
  })
  router.use(problemJson(deps.log))
  return router
}

/** Keys and addresses are in the answers. */
const noStore: RequestHandler = (_req, res, next) => {
  res.set('Cache-Control', 'no-store')
  next()
}

function admitting(admit: AdmitOperator): RequestHandler {
  return async (req, _res, next) => {
    const request = `${req.method} ${req.baseUrl}${req.path}`
    await admit(principalOf(req), request, contextOf(req))
    next()
  }
}

function addMemberRoutes(router: Router, administration: Administration): void {
  router.get('/members', async (req, res) => {
    res.json((await administration.listMembers(operatorOf(req))).map(memberView))
  })
  router.post('/members', async (req, res) => {
    const request = parseRequest(newMemberSchema, bodyOf(req))
    const member = await administration.addMember(request, operatorOf(req))
    res.status(201).location(`${req.baseUrl}/members/${member.id}`).json(memberView(member))
  })
  router.get('/members/:id', async (req, res) => {
    res.json(memberView(await administration.findMember(req.params.id, operatorOf(req))))
  })
  router.post('/members/:id/disable', async (req, res) => {
    res.json(memberView(await administration.disableMember(req.params.id, operatorOf(req))))
  })
}

function addClientRoutes(router: Router, administration: Administration): void {
  router.get('/clients', async (req, res) => {
    res.json((await administration.listClients(operatorOf(req))).map(clientView))
  })
  router.post('/clients', async (req, res) => {
    const request = parseRequest(newClientSchema, bodyOf(req))
    res.status(201).json(withKey(await administration.addClient(request, operatorOf(req))))
  })
  router.post('/clients/:id/rotate', async (req, res) => {
    // Nothing is asked where nothing is sent: the hub makes the pair.
    const jwks = isEmpty(req) ? undefined : parseRequest(jwksSchema, bodyOf(req))
    const rotated = await administration.rotateClient(req.params.id, jwks, operatorOf(req))
    res.json(withKey(rotated))
  })
  router.post('/clients/:id/disable', async (req, res) => {
    res.json(clientView(await administration.disableClient(req.params.id, operatorOf(req))))
  })
}

function withKey({ client, privateJwk }: ClientWithKey): object {
  return { ...clientView(client), ...(privateJwk !== undefined && { private_jwk: privateJwk }) }
}

function addAgreementRoutes(router: Router, administration: Administration): void {
  router.get('/agreements', async (req, res) => {
    res.json((await administration.listAgreements(operatorOf(req))).map(agreementView))
  })
  router.post('/agreements', async (req, res) => {
    const request = parseRequest(newAgreementSchema, bodyOf(req))
    res.json(agreementView(await administration.setAgreement(request, operatorOf(req))))
  })
}

function addSourceRoutes(router: Router, administration: Administration): void {
  router.get('/sources', async (req, res) => {
    res.json((await administration.listSources(operatorOf(req))).map(sourceView))
  })
  router.post('/sources', async (req, res) => {
    const request = parseRequest(newSourceSchema, bodyOf(req))
    const source = await administration.addSource(request, operatorOf(req))
    res.status(201).json(sourceView(source))
  })
  router.post('/sources/:id/move', async (req, res) => {
    const { url } = parseRequest(movedSourceSchema, bodyOf(req))
    res.json(sourceView(await administration.moveSource(req.params.id, url, operatorOf(req))))
  })
  router.post('/sources/:id/test', async (req, res) => {
    res.json(await administration.testSource(req.params.id, operatorOf(req)))
  })
  router.post('/sources/:id/sync', async (req, res) => {
    // A caller that leaves ends the sync; what was registered until then stays.
    const left = new AbortController()
    res.once('close', () => {
      left.abort()
    })
    const progress = { signal: left.signal }
    res.json(await administration.syncSource(req.params.id, progress, operatorOf(req)))
  })
}
