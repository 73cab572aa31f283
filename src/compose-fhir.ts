/** The registry's face: its addresses, and every operation that it offers. */
import type { RequestHandler, Router } from 'express'
import type { FacesDeps } from './compose-faces-deps.ts'
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
  const { config, storage, services, clock, log } = deps
  const shared = {
    ...services,
    base: `${config.baseUrl}/fhir`,
    sealer: storage.sealer,
    nationalIdInUrl: config.nationalIdInUrl,
    clock,
    log,
  }
  return fhirRouter({ ...shared, guard, operations: operationsOf(deps, shared), version: VERSION })
}

function operationsOf(
  { config, services, clock }: FacesDeps,
  {
    base,
    nationalIdInUrl,
  }: { readonly base: string; readonly nationalIdInUrl: 'reject' | 'allow' },
): readonly Operation[] {
  return [
    matchOperation({ ...services, clock, base }),
    ihePixOperation({ ...services, nationalIdInUrl }),
    submitKithOperation(services),
    ...validateOperations(services),
    ...subscriptionOperations({
      ...services,
      socketUrl: config.baseUrl.replace(/^http/, 'ws') + SOCKET_PATH,
    }),
  ]
}
