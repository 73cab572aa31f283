/** The FHIR R4 registry's addresses. */
import { Router, type RequestHandler } from 'express'
import { HubError } from '../../kernel/errors.ts'
import type { Log } from '../../kernel/log.ts'
import type { FhirXml } from '../../wire/fhir/xml.ts'
import { allowedMethods, options } from './allowed-methods.ts'
import { capabilityStatement, type CapabilityDeps } from './capability.ts'
import { create, type CreateDeps } from './create.ts'
import { conditionalRemove, remove, type DeleteDeps } from './delete.ts'
import { errors } from './errors.ts'
import { negotiate } from './format.ts'
import { instanceHistory, typeHistory, type HistoryDeps } from './history.ts'
import { mountOperations } from './mount-operations.ts'
import { conditionalPatch, patch, type PatchDeps } from './patch.ts'
import { read, vread, type ReadDeps } from './read.ts'
import { readForm, readResource } from './request.ts'
import { searchByGet, searchByPost, type SearchDeps } from './search.ts'
import { sendText } from './send.ts'
import { transaction, type TransactionDeps } from './transaction.ts'
import { conditionalUpdate, update, type UpdateDeps } from './update.ts'

export interface FhirDeps
  extends
    SearchDeps,
    ReadDeps,
    HistoryDeps,
    CreateDeps,
    UpdateDeps,
    PatchDeps,
    DeleteDeps,
    TransactionDeps,
    Omit<CapabilityDeps, 'at'> {
  /** The bearer middleware: all but `/metadata` is behind it. */
  readonly guard: RequestHandler
  readonly xml: FhirXml
  readonly log: Log
}

/** Mount at `/fhir`, before any body parser. */
export function fhirRouter(deps: FhirDeps): Router {
  const router = Router({ caseSensitive: true })
  const metadata = JSON.stringify(capabilityStatement({ ...deps, at: deps.clock() }))
  router.use(negotiate(deps.xml))
  router.options(/.*/, options())
  router.get('/metadata', (req, res) => {
    sendText(req, res, 200, metadata)
  })
  router.use(deps.guard)
  mountOperations(router, deps.operations)
  mountReading(router, deps)
  mountWriting(router, deps)
  router.use((req) => {
    if (!allowedMethods(req.path).includes(req.method)) {
      throw new HubError('method-not-allowed', 'This is not done over FHIR here')
    }
    throw new HubError('not-found', 'Nothing is served at this address')
  })
  router.use(errors(deps.log))
  return router
}

function mountReading(router: Router, deps: FhirDeps): void {
  router.get('/:type', searchByGet(deps))
  router.post('/:type/_search', readForm(), searchByPost(deps))
  router.get('/:type/_history', typeHistory(deps))
  router.get('/:type/:id', read(deps))
  router.get('/:type/:id/_history', instanceHistory(deps))
  router.get('/:type/:id/_history/:version', vread(deps))
}

function mountWriting(router: Router, deps: FhirDeps): void {
  const body = readResource()
  router.post('/', body, transaction(deps))
  router.post('/:type', body, create(deps))
  router.put('/:type', body, conditionalUpdate(deps))
  router.put('/:type/:id', body, update(deps))
  router.patch('/:type', body, conditionalPatch(deps))
  router.patch('/:type/:id', body, patch(deps))
  router.delete('/:type', conditionalRemove(deps))
  router.delete('/:type/:id', remove(deps))
}
