/** The FHIR R4 registry's addresses. */
import { Router, type RequestHandler } from 'express'
import { HubError } from '../../kernel/errors.ts'
import type { Log } from '../../kernel/log.ts'
import { capabilityStatement, type CapabilityDeps } from './capability.ts'
import { create, type CreateDeps } from './create.ts'
import { errors } from './errors.ts'
import { read, vread, type ReadDeps } from './read.ts'
import { readForm, readResource, requireJsonAccepted } from './request.ts'
import { searchByGet, searchByPost, type SearchDeps } from './search.ts'
import { sendText } from './send.ts'
import { update, type UpdateDeps } from './update.ts'
import { transaction, type TransactionDeps } from './transaction.ts'

export interface FhirDeps
  extends
    SearchDeps,
    ReadDeps,
    CreateDeps,
    UpdateDeps,
    TransactionDeps,
    Omit<CapabilityDeps, 'at'> {
  /** The bearer middleware: all but `/metadata` is behind it. */
  readonly guard: RequestHandler
  readonly log: Log
}

/** Mount at `/fhir`, before any body parser. */
export function fhirRouter(deps: FhirDeps): Router {
  const router = Router({ caseSensitive: true })
  const metadata = JSON.stringify(capabilityStatement({ ...deps, at: deps.clock() }))
  router.use((req, _res, next) => {
    requireJsonAccepted(req)
    next()
  })
  router.get('/metadata', (_req, res) => {
    sendText(res, 200, metadata)
  })
  router.use(deps.guard)
  router.post('/', readResource(), transaction(deps))
  router.get('/:type', searchByGet(deps))
  router.post('/:type', readResource(), create(deps))
  router.post('/:type/_search', readForm(), searchByPost(deps))
  router.get('/:type/:id', read(deps))
  router.get('/:type/:id/_history/:version', vread(deps))
  router.put('/:type/:id', readResource(), update(deps))
  router.use((req) => {
    if (!['GET', 'HEAD', 'POST'].includes(req.method)) {
      throw new HubError('method-not-allowed', 'This is not done over FHIR here')
    }
    throw new HubError('not-found', 'Nothing is served at this address')
  })
  router.use(errors(deps.log))
  return router
}
