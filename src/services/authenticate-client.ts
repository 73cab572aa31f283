/** Who calls introspection or revocation: a registered client, by `private_key_jwt` (RFC 7523). */
import type { AccessState } from './access-state.ts'
import type { Client } from '../domain/access/network.ts'
import type { Clock } from '../kernel/clock.ts'
import type { ClientId } from '../kernel/ids.ts'
import type { UseProof } from '../storage/used-proofs.ts'
import {
  claimedClient,
  CLIENT_ASSERTION_TYPE,
  invalidClient,
  replayId,
  verifyClientAssertion,
} from '../wire/oauth/client-assertion.ts'
import { readJwks } from '../wire/oauth/jwks.ts'

export interface ClientCredentials {
  readonly assertion?: string | undefined
  readonly assertionType?: string | undefined
  /** The parameter `client_id`, which may be left out. */
  readonly clientId?: string | undefined
  /** Public URL of the endpoint. */
  readonly url: string
}

/** Throws `unauthenticated` with reason `invalid_client`, whatever the fault. */
export type AuthenticateClient = (credentials: ClientCredentials) => Promise<Client>

export interface AuthenticateClientDeps {
  readonly issuer: string
  readonly accessState: Pick<AccessState, 'client' | 'member'>
  readonly useProof: UseProof
  readonly clock: Clock
}

export function makeAuthenticateClient(deps: AuthenticateClientDeps): AuthenticateClient {
  const { issuer, accessState, useProof, clock } = deps
  return async ({ assertion, assertionType, clientId, url }) => {
    if (assertion === undefined || assertionType !== CLIENT_ASSERTION_TYPE) throw invalidClient()
    const claimed = claimedClient(assertion)
    if (claimed === undefined || (clientId ?? claimed) !== claimed) throw invalidClient()

    const client = accessState.client(claimed as ClientId)
    if (client?.active !== true || accessState.member(client.member)?.active !== true)
      throw invalidClient()
    const jwks = readJwks(client.jwks) ?? { keys: [] }
    const expected = { client: client.id, jwks, audience: [issuer, url] }
    const { jti, expiresAt } = await verifyClientAssertion(assertion, expected, clock())
    if (!(await useProof(replayId(client.id, jti), expiresAt))) throw invalidClient()
    return client
  }
}
