/** Changing or withdrawing a recorded consent: its next version, by the member that recorded it. */
import type { PoolClient } from 'pg'
import type { Principal } from '../domain/access/principal.ts'
import { HubError } from '../kernel/errors.ts'
import { transaction } from '../storage/db.ts'
import { lockConsent } from '../storage/patient-consents.ts'
import type { JsonObject } from '../wire/fhir/json.ts'
import type { VersionMatch } from '../wire/fhir/version-match.ts'
import { loggingRefusal, permit } from './permit.ts'
import type { RequestContext } from './record-audit.ts'
import {
  consentQuery,
  putIntoForce,
  storeConsent,
  understandConsent,
  type ConsentDeps,
  type StoreRequest,
} from './store-consent.ts'
import { requireVersion, withoutIdentity, type CreatedResource } from './write-resource.ts'

/**
 * Another member's consent is answered like one that does not exist (`not-found`). A consent stays with
 * its patient: moving it would lift a block without anyone having withdrawn it (`conflict`). Another version
 * than the one meant is `precondition-failed`.
 */
export type ReplaceConsent = (
  principal: Principal,
  request: {
    readonly id: string
    readonly consent: JsonObject
    readonly ifMatch?: VersionMatch | undefined
  },
  context: RequestContext,
) => Promise<CreatedResource>

export function makeReplaceConsent(deps: ConsentDeps): ReplaceConsent {
  return async (principal, { id, consent, ifMatch }, context) => {
    const query = consentQuery(`PUT Consent/${id}`, consent)
    await permit(deps, { principal, action: 'record-consent', query }, context)
    const stored = await loggingRefusal(deps, { principal, query }, context, async () => {
      const sent = withoutIdentity(consent)
      const understood = await understandConsent(deps, sent, principal.member)
      const request = { id, consent: understood, principal, method: 'PUT', context } as const
      return transaction(deps.pool, (db) => replace(db, deps, { ...request, ifMatch }))
    })
    await putIntoForce(deps)
    return stored
  }
}

async function replace(
  db: PoolClient,
  deps: ConsentDeps,
  { ifMatch, ...request }: StoreRequest & { readonly ifMatch: VersionMatch | undefined },
): Promise<CreatedResource> {
  const { id, principal, consent } = request
  const known = await lockConsent(db, id)
  if (known?.custodian !== principal.member)
    throw new HubError('not-found', 'There is no such Consent')
  requireVersion(known, ifMatch)
  if (known.patient !== consent.patient)
    throw new HubError('conflict', 'The Consent is of another patient')
  return storeConsent(db, deps, request)
}
