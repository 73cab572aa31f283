/** Recording a patient's consent or block (access.md section 6); it is in force when this resolves. */
import type { Principal } from '../domain/access/principal.ts'
import { transaction } from '../storage/db.ts'
import type { JsonObject } from '../wire/fhir/json.ts'
import { loggingRefusal, permit } from './permit.ts'
import type { RequestContext } from './record-audit.ts'
import {
  consentQuery,
  putIntoForce,
  storeConsent,
  understandConsent,
  type ConsentDeps,
} from './store-consent.ts'
import { withoutIdentity, type CreatedResource } from './write-resource.ts'

/**
 * Throws what the decision throws, `unprocessable` with every problem of a Consent that is invalid, of
 * nobody the registry knows, or active and not understood whole, and `conflict` where the patient has too
 * many. Every refusal is logged: who asks about many patients is seen.
 */
export type RecordConsent = (
  principal: Principal,
  consent: JsonObject,
  context: RequestContext,
) => Promise<CreatedResource>

export function makeRecordConsent(deps: ConsentDeps): RecordConsent {
  return async (principal, consent, context) => {
    const query = consentQuery('POST Consent', consent)
    await permit(deps, { principal, action: 'record-consent', query }, context)
    const stored = await loggingRefusal(deps, { principal, query }, context, async () => {
      const sent = withoutIdentity(consent)
      const understood = await understandConsent(deps, sent, principal.member)
      const id = deps.newId()
      const request = { id, consent: understood, principal, method: 'POST', context } as const
      return transaction(deps.pool, (db) => storeConsent(db, deps, request))
    })
    await putIntoForce(deps)
    return stored
  }
}
