/** Token exchange from the hub's own token: a fresh one for the same grant, or one for a narrower child. */
import {
  locationsWithin,
  refused,
  requestedActions,
  requireSameKey,
  tokenFor,
  tooWide,
  type Exchange,
  type ExchangeTokenDeps,
  type Ready,
} from './exchange-terms.ts'
import type { Grant } from '../domain/access/grant.ts'
import type { Client } from '../domain/access/network.ts'
import type { AccessTokenClaims } from '../wire/oauth/access-token.ts'
import {
  parseAuthorizationDetails,
  type RequestedDetails,
} from '../wire/oauth/authorization-details.ts'

/** The hub's own token becomes a fresh one for the same grant, or one for a narrower child of it. */
export async function prepareRenewal(exchange: Exchange): Promise<Ready> {
  const { deps, request, client } = exchange
  const claims = await deps.verifyAccessToken(request.subjectToken, deps.clock())
  requireSameKey(exchange, claims.boundTo)
  const parent = await liveGrant(deps, claims, client)
  const requested =
    request.authorizationDetails === undefined
      ? undefined
      : parseAuthorizationDetails(request.authorizationDetails)
  requireSamePatientAndPurpose(parent, requested)

  const held = claims.detail?.locations ?? [deps.issuer]
  const locations = locationsWithin(held, requested?.imaging.locations)
  const grant = await narrow(exchange, { parent, requested, scope: claims.scope })
  return async () => tokenFor(exchange, grant, locations)
}

async function liveGrant(
  deps: ExchangeTokenDeps,
  claims: AccessTokenClaims,
  client: Client,
): Promise<Grant> {
  if (claims.client !== client.id) throw refused('The subject token is another client’s')
  if (deps.accessState.isRevoked(claims.tokenId)) throw refused('The subject token was revoked')
  if (claims.grant === undefined)
    throw refused('The subject token carries no grant; ask with client_credentials instead')
  const grant = await deps.accessState.grant(claims.grant)
  if (grant === undefined || grant.revokedAt !== undefined || grant.expiresAt <= deps.clock())
    throw refused('The grant has ended; a new attest is needed')
  return grant
}

interface Narrowing {
  readonly parent: Grant
  readonly requested: RequestedDetails | undefined
  /** Of the subject token. */
  readonly scope: string
}

async function narrow(exchange: Exchange, narrowing: Narrowing): Promise<Grant> {
  const { parent, requested, scope } = narrowing
  const { actions, studies, expiresIn } = requested?.imaging ?? {}
  const asked = actions ?? exchange.request.scope
  if (asked === undefined && studies === undefined && expiresIn === undefined) return parent
  const { deps, client, context } = exchange
  return deps.narrowGrant(
    parent,
    {
      client: client.id,
      actions: asked === undefined ? undefined : requestedActions(exchange, actions, scope),
      studies,
      expiresAt:
        expiresIn === undefined ? undefined : new Date(deps.clock().getTime() + expiresIn * 1000),
    },
    context,
  )
}

function requireSamePatientAndPurpose(
  parent: Grant,
  requested: RequestedDetails | undefined,
): void {
  const { patient, purpose } = requested?.imaging ?? {}
  const samePatient =
    patient === undefined || (patient.kind === 'reference' && patient.id === parent.patient)
  if (!samePatient)
    throw tooWide('The patient is not the grant’s; name it by reference or not at all')
  if (purpose !== undefined && purpose !== parent.purpose)
    throw tooWide('The purpose is not the grant’s')
}
