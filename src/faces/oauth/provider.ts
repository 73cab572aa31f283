/**
 * The authorization server: oidc-provider as far as it has the path (client authentication,
 * client_credentials, signing, keys, metadata), with every feature the hub does not use turned off.
 */
import {
  errors,
  Provider,
  type ClientCredentials,
  type Configuration,
  type JWK,
  type KoaContextWithOIDC,
  type ResourceServer,
} from 'oidc-provider'
import { inProviderTerms } from './provider-error.ts'
import { providerStorage, type Assertions, type ProvenClients } from './provider-storage.ts'
import type { ProviderStorageDeps } from './provider-storage.ts'
import { contextOf } from '../request-state.ts'
import type { AuditToken } from '../../services/audit-token.ts'
import { isScopeWithin, SCOPES, scopeTokens } from '../../domain/access/scopes.ts'
import { isShortLived } from '../../wire/oauth/client-assertion.ts'
import { SIGNATURE_ALGORITHMS } from '../../wire/oauth/invalid-token.ts'
import type { ClientId } from '../../kernel/ids.ts'

export interface ProviderDeps extends ProviderStorageDeps {
  /** Public URL of the hub, without a path: issuer and audience. */
  readonly issuer: string
  /** Private ES256 keys with `kid`; the first signs, all are published. */
  readonly signingKeys: readonly JWK[]
  readonly auditToken: AuditToken
}

export const ROUTES = {
  token: '/oauth/token',
  jwks: '/oauth/jwks',
  introspection: '/oauth/introspect',
  revocation: '/oauth/revoke',
} as const

/** Seconds. */
const SYSTEM_TOKEN_LIFETIME = 300

/** Claims beside the library's own, by the token they belong to. */
export type ExtraClaims = WeakMap<object, Readonly<Record<string, unknown>>>

export function makeProvider(
  deps: ProviderDeps,
  extraClaims: ExtraClaims,
  proven: ProvenClients,
): Provider {
  const assertions = { pending: new WeakSet<object>(), proven }
  const provider = new Provider(deps.issuer, configuration(deps, assertions, extraClaims))
  // Host and scheme come from X-Forwarded-*, which the router sets to the public URL's.
  provider.proxy = true
  return provider
}

function configuration(
  deps: ProviderDeps,
  assertions: Assertions,
  extraClaims: ExtraClaims,
): Configuration {
  return {
    adapter: providerStorage(deps, assertions),
    jwks: { keys: deps.signingKeys.map((key) => ({ ...key })) },
    routes: ROUTES,
    scopes: SCOPES,
    responseTypes: [],
    clientAuthMethods: ['private_key_jwt'],
    clientDefaults: { id_token_signed_response_alg: 'ES256' },
    enabledJWA: {
      clientAuthSigningAlgValues: [...SIGNATURE_ALGORITHMS],
      dPoPSigningAlgValues: [...SIGNATURE_ALGORITHMS],
    },
    ttl: { AccessToken: SYSTEM_TOKEN_LIFETIME, ClientCredentials: SYSTEM_TOKEN_LIFETIME },
    clientBasedCORS: () => false,
    findAccount: () => undefined,
    extraTokenClaims: async (ctx, token) => {
      if (token.kind === 'ClientCredentials') await auditSystemToken(deps, ctx, token)
      return extraClaims.get(token)
    },
    assertJwtClientAuthClaimsAndHeader: (ctx, claims) => {
      if (!isShortLived(claims.exp, deps.clock()))
        throw new errors.InvalidClientAuth('the client assertion lives too long')
      assertions.pending.add(ctx)
    },
    renderError: (ctx, out) => {
      ctx.type = 'json'
      ctx.body = out
    },
    features: {
      ...UNUSED,
      clientCredentials: { enabled: true },
      dPoP: { enabled: true },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => deps.issuer,
        getResourceServerInfo: async (ctx, resource, client) => {
          const known = await inProviderTerms(() =>
            deps.accessState.client(client.clientId as ClientId),
          )
          const registered = known?.scope ?? ''
          const scope = settleScope(ctx.oidc.params ?? {}, registered)
          return resourceServer(deps.issuer, resource, scope)
        },
      },
    },
  }
}

/** Logged while the token is being made: one that cannot be logged is not handed out. */
async function auditSystemToken(
  { auditToken }: ProviderDeps,
  ctx: KoaContextWithOIDC,
  token: ClientCredentials,
): Promise<void> {
  const { clientId, jti: tokenId, scope = '' } = token
  if (clientId === undefined) throw new errors.InvalidGrant('the token has no client')
  const context = { ...contextOf(ctx.req), channel: 'oauth' }
  const issued = { client: clientId as ClientId, tokenId, scope }
  await inProviderTerms(() => auditToken.systemTokenIssued(issued, context))
}

const UNUSED = {
  devInteractions: { enabled: false },
  pushedAuthorizationRequests: { enabled: false },
  rpInitiatedLogout: { enabled: false },
  userinfo: { enabled: false },
} satisfies Configuration['features']

/**
 * The scope of a system's token. Asked before the library reads it: a request without one gets all that
 * is registered (RFC 6749 section 3.3), and one beyond it is refused rather than quietly cut down.
 */
function settleScope(params: Record<string, unknown>, registered: string): string {
  const asked = typeof params.scope === 'string' ? scopeTokens(params.scope) : []
  const beyond = asked.find((token) => !isScopeWithin(token, registered))
  if (beyond !== undefined)
    throw new errors.InvalidScope('requested scope is not registered for this client', beyond)
  const scope = asked.length > 0 ? asked.join(' ') : registered
  Object.assign(params, { scope })
  return scope
}

/** Every address under the hub's own is the one resource server: the hub (RFC 8707 section 2). */
export function resourceServer(issuer: string, resource: string, scope: string): ResourceServer {
  if (resource !== issuer && !resource.startsWith(`${issuer}/`)) throw new errors.InvalidTarget()
  return {
    scope,
    audience: issuer,
    accessTokenFormat: 'jwt',
    jwt: { sign: { alg: 'ES256' } },
  }
}
