/** oidc-provider set up to behave as HelseID does: PAR, PKCE, private_key_jwt, DPoP, at+jwt (norway.md section 2). */
import { generateKeyPairSync, randomBytes } from 'node:crypto'
import type { Configuration, KoaContextWithOIDC } from 'oidc-provider'
import { createMemoryAdapter } from 'oidc-provider/lib/adapters/memory_adapter.js'
import { errors } from 'oidc-provider'
import {
  completeDetails,
  personClaims,
  type IssuerClient,
  type IssuerUser,
} from './issuer-claims.ts'
import { ATTEST_TYPE } from '../wire/oauth/attest-claims.ts'

export interface IssuerOptions {
  readonly users: readonly IssuerUser[]
  readonly clients: readonly IssuerClient[]
  /** What the hub is called here: the only audience of an access token. An absolute URI. */
  readonly audience: string
  /** Where a client without a browser is sent back to; it reads the answer from the redirect itself. */
  readonly redirectUri: string
  readonly clock: () => Date
}

const SCOPES = [
  'openid',
  'profile',
  'helseid://scopes/identity/pid',
  'helseid://scopes/identity/security_level',
  'helseid://scopes/hpr/hpr_number',
  ATTEST_TYPE,
]

/** The users and clients are fixed, and nothing else needs to outlive the demo: the library's own store serves. */
export function issuerConfiguration(options: IssuerOptions): Configuration {
  return {
    adapter: createMemoryAdapter(),
    clients: options.clients.map((client) => clientMetadata(client, options.redirectUri)),
    jwks: { keys: [signingKey()] },
    cookies: { keys: [randomBytes(32).toString('base64url')] },
    scopes: SCOPES,
    claims: { openid: ['sub'], profile: ['name'] },
    responseTypes: ['code'],
    pkce: { required: () => true },
    clientAuthMethods: ['private_key_jwt'],
    clientDefaults: { id_token_signed_response_alg: 'ES256' },
    clientBasedCORS: () => false,
    conformIdTokenClaims: false,
    ttl: {
      AccessToken: 600,
      AuthorizationCode: 60,
      Grant: 3600,
      IdToken: 600,
      Interaction: 600,
      Session: 3600,
    },
    interactions: { url: (_ctx, interaction) => `/interaction/${interaction.uid}` },
    findAccount: (_ctx, sub) => {
      const user = options.users.find(({ username }) => username === sub)
      return user && { accountId: sub, claims: () => ({ sub, name: user.name }) }
    },
    extraTokenClaims: (_ctx, token) => {
      if (token.kind !== 'AccessToken') return undefined
      const { user, client } = parties(options, token.accountId, token.clientId)
      return personClaims(user, client)
    },
    renderError: (ctx, out) => {
      ctx.type = 'text/plain'
      ctx.body = `${out.error}: ${out.error_description ?? ''}`
    },
    features: features(options),
  }
}

function features(options: IssuerOptions): Configuration['features'] {
  return {
    devInteractions: { enabled: false },
    userinfo: { enabled: false },
    rpInitiatedLogout: { enabled: false },
    pushedAuthorizationRequests: { enabled: true, requirePushedAuthorizationRequests: true },
    dPoP: { enabled: true },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => options.audience,
      useGrantedResource: () => true,
      getResourceServerInfo: (_ctx, resource) => {
        if (resource !== options.audience) throw new errors.InvalidTarget()
        return {
          scope: SCOPES.join(' '),
          audience: options.audience,
          accessTokenFormat: 'jwt',
          jwt: { sign: { alg: 'ES256' } },
        }
      },
    },
    richAuthorizationRequests: {
      enabled: true,
      types: { [ATTEST_TYPE]: { validate: () => undefined } },
      authorizationDetailsForGrantSource: (ctx) => requestedDetails(ctx, options),
      authorizationDetailsForAccessToken: (_ctx, _token, source) => source?.rar,
      authorizationDetailsForIntrospection: () => undefined,
    },
  }
}

/** Fixed when the code is made, so that the time of attest is that of the sign-in. */
function requestedDetails(ctx: KoaContextWithOIDC, options: IssuerOptions) {
  const { params, session, client } = ctx.oidc
  const details = params?.authorization_details
  if (typeof details !== 'string' || session?.accountId === undefined || client === undefined)
    return undefined
  const parsed = JSON.parse(details) as Record<string, unknown>[]
  const who = parties(options, session.accountId, client.clientId)
  return completeDetails(parsed, who, options.clock())
}

function parties(
  options: IssuerOptions,
  username: string,
  clientId: string | undefined,
): { user: IssuerUser; client: IssuerClient } {
  const user = options.users.find((known) => known.username === username)
  const client = options.clients.find(({ id }) => id === clientId)
  if (user === undefined || client === undefined) throw new errors.InvalidGrant('unknown party')
  return { user, client }
}

function clientMetadata(client: IssuerClient, redirectUri: string) {
  return {
    client_id: client.id,
    grant_types: ['authorization_code'],
    response_types: ['code' as const],
    redirect_uris: [redirectUri],
    token_endpoint_auth_method: 'private_key_jwt' as const,
    jwks: { keys: client.jwks.keys.map((key) => ({ ...key })) },
    dpop_bound_access_tokens: client.dpopBound,
    require_pushed_authorization_requests: true,
    authorization_details_types: [ATTEST_TYPE],
  }
}

function signingKey() {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  return { ...privateKey.export({ format: 'jwk' }), kid: 'demo-issuer', alg: 'ES256', use: 'sig' }
}
