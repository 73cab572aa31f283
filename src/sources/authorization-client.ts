/**
 * The client side of OAuth, for the command line and the demo: tokens of the hub by client credentials and
 * by token exchange, bound by DPoP where the caller has a key (openid-client does the protocol).
 */
import { randomUUID, webcrypto } from 'node:crypto'
import * as oauth from 'openid-client'
import { headlessSignIn } from './headless-sign-in.ts'
import { HubError } from '../kernel/errors.ts'
import { signDpopProof } from '../wire/oauth/sign-dpop-proof.ts'

const TOKEN_EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange'
const ACCESS_TOKEN = 'urn:ietf:params:oauth:token-type:access_token'

export type PrivateJwk = Readonly<Record<string, unknown>>

export interface OauthIdentity {
  readonly clientId: string
  /** The client's ES256 key. */
  readonly privateJwk: PrivateJwk
  /** The key that tokens are to be bound to; absent for bearer tokens. */
  readonly dpopJwk?: PrivateJwk | undefined
}

export interface IssuedToken {
  readonly accessToken: string
  /** `bearer` or `dpop`. */
  readonly tokenType: string
  /** Seconds. */
  readonly expiresIn: number | undefined
  readonly scope: string | undefined
  readonly authorizationDetails: unknown
}

export interface SignIn {
  readonly username: string
  readonly password: string
  /** Registered at the issuer; never opened, for the answer is read off the redirect. */
  readonly redirectUri: string
  readonly scope: string
  readonly authorizationDetails: readonly object[]
}

export interface AuthorizationClient {
  /** RFC 6749 section 4.4; all registered scopes where `scope` is absent. */
  clientCredentialsToken(scope?: string): Promise<IssuedToken>
  /** RFC 8693, with a trusted issuer's token or the hub's own. */
  exchangeToken(subjectToken: string, details?: readonly object[]): Promise<IssuedToken>
  /** Authorization code with PAR and PKCE, the login form filled in by us. Resolves to the issuer's token. */
  signIn(signIn: SignIn): Promise<IssuedToken>
  /** Headers of one request with the token, a fresh proof among them where it is bound. */
  authorize(token: IssuedToken, request: AuthorizedRequest): Promise<Record<string, string>>
}

export interface AuthorizedRequest {
  readonly method: string
  /** Without query and fragment. */
  readonly url: string
}

/**
 * Finds the server's addresses by its metadata. Errors of the server come out as HubErrors `forbidden`
 * with its error code as reason; one that cannot be reached as `source-failed`.
 */
export async function connectAuthorization(
  server: string,
  identity: OauthIdentity,
): Promise<AuthorizationClient> {
  const config = await asHubError(() => discover(server, identity))
  const DPoP = await dpopHandle(config, identity.dpopJwk)
  const options = DPoP === undefined ? {} : { DPoP }

  return {
    clientCredentialsToken: (scope) =>
      issued(() =>
        oauth.clientCredentialsGrant(config, scope === undefined ? {} : { scope }, options),
      ),
    exchangeToken: (subjectToken, details) => {
      const parameters = {
        subject_token: subjectToken,
        subject_token_type: ACCESS_TOKEN,
        ...(details !== undefined && { authorization_details: JSON.stringify(details) }),
      }
      return issued(() => oauth.genericGrantRequest(config, TOKEN_EXCHANGE, parameters, options))
    },
    signIn: (signIn) => issued(() => authorizationCode(config, signIn, options)),
    authorize: (token, request) => authorize(identity, token, request),
  }
}

async function authorize(
  { dpopJwk }: OauthIdentity,
  { accessToken, tokenType }: IssuedToken,
  request: AuthorizedRequest,
): Promise<Record<string, string>> {
  if (tokenType.toLowerCase() !== 'dpop' || dpopJwk === undefined)
    return { authorization: `Bearer ${accessToken}` }
  const proof = { ...request, accessToken, jti: randomUUID() }
  return {
    authorization: `DPoP ${accessToken}`,
    dpop: await signDpopProof(dpopJwk, proof, new Date()),
  }
}

async function discover(server: string, identity: OauthIdentity): Promise<oauth.Configuration> {
  const { privateJwk } = identity
  const key = await importKey(privateJwk, false)
  const kid = typeof privateJwk.kid === 'string' ? { kid: privateJwk.kid } : {}
  const url = new URL(server)
  // The demo and a developer's hub speak http on loopback; anywhere else tokens need TLS.
  // eslint-disable-next-line @typescript-eslint/no-deprecated -- marked so by its author to be noticed
  const insecure = url.protocol === 'http:' ? { execute: [oauth.allowInsecureRequests] } : {}
  return oauth.discovery(
    url,
    identity.clientId,
    { id_token_signed_response_alg: 'ES256' },
    oauth.PrivateKeyJwt({ key, ...kid }),
    { algorithm: 'oauth2', ...insecure },
  )
}

async function dpopHandle(
  config: oauth.Configuration,
  jwk: PrivateJwk | undefined,
): Promise<oauth.DPoPHandle | undefined> {
  if (jwk === undefined) return undefined
  const publicJwk = { kty: jwk.kty, crv: jwk.crv, x: jwk.x, y: jwk.y }
  return oauth.getDPoPHandle(config, {
    privateKey: await importKey(jwk, false),
    publicKey: await importKey(publicJwk, true),
  })
}

const ES256 = { name: 'ECDSA', namedCurve: 'P-256' }

async function importKey(jwk: PrivateJwk, isPublic: boolean): Promise<oauth.CryptoKey> {
  const { kty, crv, x, y, d } = jwk
  const members = isPublic ? { kty, crv, x, y } : { kty, crv, x, y, d }
  try {
    return await webcrypto.subtle.importKey(
      'jwk',
      members as webcrypto.JsonWebKey,
      ES256,
      isPublic,
      isPublic ? ['verify'] : ['sign'],
    )
  } catch (cause) {
    throw new HubError('invalid', 'The key is not a P-256 JWK', { cause })
  }
}

async function authorizationCode(
  config: oauth.Configuration,
  signIn: SignIn,
  options: oauth.DPoPOptions,
): Promise<oauth.TokenEndpointResponse> {
  const verifier = oauth.randomPKCECodeVerifier()
  const state = oauth.randomState()
  const url = await oauth.buildAuthorizationUrlWithPAR(
    config,
    {
      redirect_uri: signIn.redirectUri,
      response_type: 'code',
      scope: signIn.scope,
      code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
      state,
      authorization_details: JSON.stringify(signIn.authorizationDetails),
    },
    options,
  )
  const answer = await headlessSignIn(url, signIn)
  const checks = { pkceCodeVerifier: verifier, expectedState: state }
  return oauth.authorizationCodeGrant(config, answer, checks, undefined, options)
}

async function issued(request: () => Promise<oauth.TokenEndpointResponse>): Promise<IssuedToken> {
  const response = await asHubError(request)
  return {
    accessToken: response.access_token,
    tokenType: response.token_type,
    expiresIn: response.expires_in,
    scope: response.scope,
    authorizationDetails: response.authorization_details,
  }
}

async function asHubError<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof HubError) throw error
    if (error instanceof oauth.ResponseBodyError) {
      const description = error.error_description ?? 'no reason given'
      throw new HubError('forbidden', `Refused (${error.error}): ${description}`, {
        reason: error.error,
        cause: error,
      })
    }
    throw new HubError('source-failed', 'The authorization server did not answer as expected', {
      cause: error,
    })
  }
}
