/** The registry's face: its addresses, and every operation that it offers. */
import { Router, type RequestHandler } from 'express'
import type { FacesDeps } from './compose-faces-deps.ts'
import { exportRouter } from './faces/fhir/export-router.ts'
import { everythingOperation } from './faces/fhir/operations/everything.ts'
import { exportOperations } from './faces/fhir/operations/export.ts'
import { ihePixOperation } from './faces/fhir/operations/ihe-pix.ts'
import { matchOperation } from './faces/fhir/operations/match.ts'
import type { Operation } from './faces/fhir/operations/operation.ts'
import { submitKithOperation } from './faces/fhir/operations/submit-kith.ts'
import { subscriptionOperations } from './faces/fhir/operations/subscription.ts'
import { validateOperations } from './faces/fhir/operations/validate.ts'
import { fhirRouter } from './faces/fhir/router.ts'
import { VERSION } from './version.ts'

/** Path of the websocket that notifications may come by. */
export const SOCKET_PATH = '/fhir/ws'

export function makeFhirRouter(deps: FacesDeps, guard: RequestHandler): Router {
  const shared = sharedOf(deps)
  const operations = operationsOf(deps, shared)
  const router = Router({ caseSensitive: true })
  router.use('/export', exportRouter({ ...shared, guard }))
  router.use(fhirRouter({ ...shared, guard, operations, version: VERSION }))
  return router
}

type Shared = ReturnType<typeof sharedOf>

function sharedOf({ config, storage, services, clock, log }: FacesDeps) {
  return {
    ...services,
    base: `${config.baseUrl}/fhir`,
    sealer: storage.sealer,
    nationalIdInUrl: config.nationalIdInUrl,
    clock,
    log,
  }
}

function operationsOf({ config }: FacesDeps, shared: Shared): readonly Operation[] {
  const socketUrl = config.baseUrl.replace(/^http/, 'ws') + SOCKET_PATH
  return [
    matchOperation(shared),
    ihePixOperation(shared),
    submitKithOperation(shared),
    everythingOperation(shared),
    ...exportOperations(shared),
    ...validateOperations(shared),
    ...subscriptionOperations({ ...shared, socketUrl }),
  ]
}
