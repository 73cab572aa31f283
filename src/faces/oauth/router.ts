/** The authorization server's addresses: the library's where it has the path, ours where it has not. */
import {
  Router,
  urlencoded,
  type ErrorRequestHandler,
  type Request,
  type RequestHandler,
} from 'express'
import { introspect } from './introspect.ts'
import { correctMetadata } from './metadata.ts'
import { noteRefusals } from './note-refusals.ts'
import type { ProvenClients } from './provider-storage.ts'
import { makeProvider, ROUTES, type ExtraClaims, type ProviderDeps } from './provider.ts'
import { revoke } from './revoke.ts'
import { addTokenExchange } from './token-exchange.ts'
import { HTTP_STATUS } from '../http-status.ts'
import { parserFault } from '../parser-fault.ts'
import type { AuthenticateClient } from '../../services/authenticate-client.ts'
import type { ExchangeToken } from '../../services/exchange-token.ts'
import type { IntrospectToken } from '../../services/introspect-token.ts'
import type { NoteRefusal } from '../../services/note-refusal.ts'
import type { RevokeToken } from '../../services/revoke-token.ts'
import type { Log } from '../../kernel/log.ts'

export interface OauthDeps extends ProviderDeps {
  readonly noteRefusal: NoteRefusal
  readonly exchangeToken: ExchangeToken
  readonly authenticateClient: AuthenticateClient
  readonly introspectToken: IntrospectToken
  readonly revokeToken: RevokeToken
  readonly log: Log
}

/** Bytes of a form: two tokens, two assertions and some details are well below this. */
const MAX_FORM = 56 * 1024

/** Mount at the root, before any body parser. Answers under `/oauth/` and the two metadata addresses. */
export function oauthRouter(deps: OauthDeps): Router {
  const extraClaims: ExtraClaims = new WeakMap()
  const proven: ProvenClients = new WeakSet()
  const provider = makeProvider(deps, extraClaims, proven)
  addTokenExchange(provider, deps, extraClaims)
  correctMetadata(provider, deps.issuer)
  noteRefusals(provider, deps, proven)
  logFaults(provider, deps.log)

  const library = onPublicUrl(deps.issuer, provider.callback())
  const form = urlencoded({ extended: false, limit: MAX_FORM, parameterLimit: 50 })
  const at = (path: string): { url: string } => ({ url: `${deps.issuer}${path}` })

  const router = Router()
  router.post(ROUTES.token, noCache, library)
  router.get(
    [ROUTES.jwks, '/.well-known/oauth-authorization-server', '/.well-known/openid-configuration'],
    library,
  )
  router.post(ROUTES.introspection, form, introspect({ ...deps, ...at(ROUTES.introspection) }))
  router.post(ROUTES.revocation, form, revoke({ ...deps, ...at(ROUTES.revocation) }))
  router.use('/oauth', formFault)
  router.use('/oauth', (_req, res) => {
    res.status(404).json({ error: 'invalid_request', error_description: 'no such endpoint' })
  })
  return router
}

/** A form that is too large or malformed, as the body parser reports it. */
const formFault: ErrorRequestHandler = (error: unknown, _req, res, next) => {
  const known = parserFault(error)
  if (known === undefined) {
    next(error)
    return
  }
  const { code, message } = known
  res.status(HTTP_STATUS[code]).json({ error: 'invalid_request', error_description: message })
}

/** The library writes Cache-Control; IHE ITI-71 wants its HTTP/1.0 twin too. */
const noCache: RequestHandler = (_req, res, next) => {
  res.setHeader('Pragma', 'no-cache')
  next()
}

/**
 * The library builds its own addresses, which DPoP proofs and client assertions are compared with, from
 * the request's host. Behind a proxy only the configured public URL is right.
 */
function onPublicUrl(
  issuer: string,
  library: ReturnType<ReturnType<typeof makeProvider>['callback']>,
): RequestHandler {
  const { host, protocol } = new URL(issuer)
  return (req: Request, res) => {
    Object.assign(req.headers, {
      host,
      'x-forwarded-host': host,
      'x-forwarded-proto': protocol.slice(0, -1),
    })
    return library(req, res)
  }
}

function logFaults(provider: ReturnType<typeof makeProvider>, log: Log): void {
  provider.on('server_error', (ctx, error) => {
    log.error({ path: ctx.path, err: error }, 'The authorization server failed')
  })
}
