/**
 * Token exchange (RFC 8693): a trusted issuer's token and an attest for a grant's token, or the hub's own
 * token for a fresh or narrower one. Signing what comes out is the authorization server's.
 */
import { prepareAdmission } from './admit-person.ts'
import type { RequestContext } from './record-audit.ts'
import { prepareRenewal } from './renew-token.ts'
import {
  refused,
  type ExchangedToken,
  type ExchangeRequest,
  type ExchangeTokenDeps,
  type Ready,
} from './exchange-terms.ts'
import type { Client } from '../domain/access/network.ts'
import { replayId } from '../wire/oauth/client-assertion.ts'
import { invalidProof } from '../wire/oauth/dpop.ts'
import { issuerOf } from '../wire/oauth/foreign-token.ts'

/**
 * Throws `unauthenticated` (`invalid_token`, `invalid_dpop_proof`) where subject token or proof do not
 * hold, `invalid` with the OAuth error or the attest's named code as reason, and `unavailable`.
 */
export type ExchangeToken = (
  request: ExchangeRequest,
  context: RequestContext,
) => Promise<ExchangedToken>

export function makeExchangeToken(deps: ExchangeTokenDeps): ExchangeToken {
  return async (request, context) => {
    const ready = await prepare(deps, request, context).catch(async (error: unknown) => {
      await deps.auditToken.tokenRefused(request.client, error, context)
      throw error
    })
    return ready()
  }
}

async function prepare(
  deps: ExchangeTokenDeps,
  request: ExchangeRequest,
  context: RequestContext,
): Promise<Ready> {
  const client = deps.accessState.client(request.client)
  if (client?.active !== true) throw refused('The client is not active', 'invalid_client')
  const boundTo = await checkProof(deps, request, client)
  const exchange = { deps, request, client, boundTo, context }
  const isOwn = issuerOf(request.subjectToken) === deps.issuer
  return isOwn ? prepareRenewal(exchange) : prepareAdmission(exchange)
}

/** Thumbprint of the key that the token is to be bound to; undefined for a client registered bearer-only. */
async function checkProof(
  deps: ExchangeTokenDeps,
  request: ExchangeRequest,
  client: Client,
): Promise<string | undefined> {
  if (request.dpop === undefined) {
    if (client.dpopBound) throw invalidProof('is missing; this client is registered with DPoP')
    return undefined
  }
  const { url } = request
  const asked = { proof: request.dpop, method: 'POST', url }
  const proof = await deps.verifyDpopProof(asked, deps.clock())
  const fresh = await deps.useProof(replayId(client.id, proof.jti), proof.expiresAt)
  if (!fresh) throw invalidProof('has been used before')
  return proof.thumbprint
}
