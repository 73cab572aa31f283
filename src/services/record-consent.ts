/** Recording a patient's consent or block (access.md section 6); it is in force when this resolves. */
import type { Principal } from '../domain/access/principal.ts'
import { transaction } from '../storage/db.ts'
import type { JsonObject } from '../wire/fhir/json.ts'
import { permit } from './permit.ts'
import type { RequestContext } from './record-audit.ts'
import { putIntoForce, storeConsent, understandConsent, type ConsentDeps } from './store-consent.ts'
import { withoutIdentity, type CreatedResource } from './write-resource.ts'

/**
 * Throws what the decision throws, and `unprocessable` with every problem of a Consent that is invalid,
 * of nobody the registry knows, or active and not understood whole.
 */
export type RecordConsent = (
  principal: Principal,
  consent: JsonObject,
  context: RequestContext,
) => Promise<CreatedResource>

export function makeRecordConsent(deps: ConsentDeps): RecordConsent {
  return async (principal, consent, context) => {
    const asked = { principal, action: 'record-consent', query: 'POST Consent' } as const
    await permit(deps, asked, context)
    const understood = await understandConsent(deps, withoutIdentity(consent))
    const id = deps.newId()
    const request = { id, consent: understood, principal, method: 'POST', context } as const
    const stored = await transaction(deps.pool, (db) => storeConsent(db, deps, request))
    await putIntoForce(deps)
    return stored
  }
}
