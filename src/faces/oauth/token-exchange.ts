/** The token-exchange grant (RFC 8693): parameters in, signed token out; what lies between is a service. */
import { errors, type Provider, type TokenEndpointGrantContext } from 'oidc-provider'
import { TOKEN_EXCHANGE } from './client-metadata.ts'
import { inProviderTerms } from './provider-error.ts'
import { resourceServer, ROUTES, type ExtraClaims } from './provider.ts'
import { contextOf } from '../request-state.ts'
import type { ExchangeToken } from '../../services/exchange-token.ts'
import type { ExchangedToken } from '../../services/exchange-terms.ts'
import type { ClientId } from '../../kernel/ids.ts'

const ACCESS_TOKEN = 'urn:ietf:params:oauth:token-type:access_token'
const JWT = 'urn:ietf:params:oauth:token-type:jwt'
const PARAMETERS = [
  'subject_token',
  'subject_token_type',
  'actor_token',
  'requested_token_type',
  'authorization_details',
  'audience',
  'resource',
  'scope',
]

export interface TokenExchangeDeps {
  readonly issuer: string
  readonly exchangeToken: ExchangeToken
}

/** `extraClaims` is where the provider looks for what a token says beside the library's claims. */
export function addTokenExchange(
  provider: Provider,
  deps: TokenExchangeDeps,
  extraClaims: ExtraClaims,
): void {
  const handle = async (ctx: TokenEndpointGrantContext): Promise<void> => {
    const request = {
      ...readParameters(ctx.oidc.params, deps.issuer),
      client: ctx.oidc.client.clientId as ClientId,
      dpop: ctx.get('dpop') === '' ? undefined : ctx.get('dpop'),
      url: `${deps.issuer}${ROUTES.token}`,
    }
    const context = { ...contextOf(ctx.req), channel: 'oauth' }
    const outcome = await inProviderTerms(() => deps.exchangeToken(request, context))
    const { token, value } = await sign(provider, {
      ctx,
      outcome,
      issuer: deps.issuer,
      extraClaims,
    })
    ctx.body = {
      access_token: value,
      issued_token_type: ACCESS_TOKEN,
      token_type: token.tokenType,
      expires_in: outcome.expiresIn,
      scope: outcome.scope,
      authorization_details: [outcome.detail],
    }
  }
  provider.registerGrantType(TOKEN_EXCHANGE, handle, PARAMETERS)
}

type Parameters = Readonly<Record<string, unknown>>

/** RFC 8693 section 2.1, as far as the hub supports it. */
function readParameters(
  params: Parameters,
  issuer: string,
): { subjectToken: string; authorizationDetails?: string; scope?: string } {
  const subjectToken = text(params, 'subject_token')
  if (subjectToken === undefined) throw new errors.InvalidRequest('subject_token is missing')
  const type = text(params, 'subject_token_type')
  if (type !== ACCESS_TOKEN && type !== JWT)
    throw new errors.InvalidRequest('subject_token_type is not an access token')
  if (params.actor_token !== undefined)
    throw new errors.InvalidRequest('actor_token is not supported: the client is the actor')
  const requested = text(params, 'requested_token_type') ?? ACCESS_TOKEN
  if (requested !== ACCESS_TOKEN && requested !== JWT)
    throw new errors.InvalidRequest('requested_token_type is not an access token')
  for (const name of ['audience', 'resource']) {
    const target = text(params, name)
    if (target !== undefined) resourceServer(issuer, target, '')
  }
  const authorizationDetails = text(params, 'authorization_details')
  const scope = text(params, 'scope')
  return {
    subjectToken,
    ...(authorizationDetails !== undefined && { authorizationDetails }),
    ...(scope !== undefined && { scope }),
  }
}

function text(params: Parameters, name: string): string | undefined {
  const value = params[name]
  return typeof value === 'string' && value !== '' ? value : undefined
}

interface Signing {
  readonly ctx: TokenEndpointGrantContext
  readonly outcome: ExchangedToken
  readonly issuer: string
  readonly extraClaims: ExtraClaims
}

async function sign(provider: Provider, { ctx, outcome, issuer, extraClaims }: Signing) {
  const token = new provider.AccessToken({
    client: ctx.oidc.client,
    accountId: outcome.subject,
    grantId: outcome.grant,
    gty: TOKEN_EXCHANGE,
    scope: outcome.scope,
    expiresIn: outcome.expiresIn,
    rar: [{ ...outcome.detail }],
  })
  token.resourceServer = new provider.ResourceServer(
    issuer,
    resourceServer(issuer, issuer, outcome.scope),
  )
  if (outcome.boundTo !== undefined) token.setThumbprint('jkt', outcome.boundTo)
  extraClaims.set(token, { grant: outcome.grant })
  ctx.oidc.entity('AccessToken', token)
  return { token, value: await token.save() }
}
