/** An OpenID Provider that behaves like HelseID, for the demo and the tests: a real server on a loopback port. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import express, { type Express } from 'express'
import { Provider, type AuthorizationDetail } from 'oidc-provider'
import { issuerConfiguration, type IssuerOptions } from './issuer-configuration.ts'
import { loginPage } from './login-page.ts'

export interface StartedIssuer {
  readonly url: string
  close(): Promise<void>
}

/** Listens on 127.0.0.1; `port` 0, the default, takes a free one. The issuer is `http://localhost:<port>`. */
export async function startIssuer(
  options: IssuerOptions & { readonly port?: number | undefined },
): Promise<StartedIssuer> {
  const server = createServer()
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(options.port ?? 0, '127.0.0.1', resolve)
  })
  const { port } = server.address() as AddressInfo
  const url = `http://localhost:${port}`
  server.on('request', issuerApp(new Provider(url, issuerConfiguration(options)), options))
  return {
    url,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

function issuerApp(provider: Provider, { users }: IssuerOptions): Express {
  const app = express()
  app.disable('x-powered-by')

  app.get('/interaction/:uid', async (req, res) => {
    const { prompt, uid } = await provider.interactionDetails(req, res)
    if (prompt.name === 'login') {
      page(res).send(loginPage({ action: `/interaction/${uid}`, failed: false }))
      return
    }
    await consent(provider, req, res)
  })

  app.post('/interaction/:uid', express.urlencoded({ extended: false }), async (req, res) => {
    const { uid } = await provider.interactionDetails(req, res)
    const { username, password } = (req.body ?? {}) as Record<string, unknown>
    const user = users.find((known) => known.username === username && known.password === password)
    if (user === undefined) {
      page(res)
        .status(401)
        .send(loginPage({ action: `/interaction/${uid}`, failed: true }))
      return
    }
    await provider.interactionFinished(req, res, { login: { accountId: user.username } })
  })

  app.use(provider.callback())
  return app
}

function page(res: express.Response): express.Response {
  return res.type('html').set({
    'Cache-Control': 'no-store',
    'Content-Security-Policy':
      "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
  })
}

/** Nobody is asked: what the registered client may request was settled when it was registered. */
async function consent(
  provider: Provider,
  req: express.Request,
  res: express.Response,
): Promise<void> {
  const { params, prompt, session } = await provider.interactionDetails(req, res)
  const grant = new provider.Grant({
    accountId: session?.accountId ?? '',
    clientId: String(params.client_id),
  })
  const { missingOIDCScope, missingResourceScopes, rar } = prompt.details
  if (Array.isArray(missingOIDCScope)) grant.addOIDCScope(missingOIDCScope.join(' '))
  for (const [resource, scopes] of Object.entries(missingResourceScopes ?? {}))
    if (Array.isArray(scopes)) grant.addResourceScope(resource, scopes.join(' '))
  const details: unknown = rar
  if (Array.isArray(details)) details.filter(isDetail).forEach((detail) => grant.addRar(detail))
  await provider.interactionFinished(req, res, { consent: { grantId: await grant.save() } })
}

function isDetail(value: unknown): value is AuthorizationDetail {
  return typeof value === 'object' && value !== null && 'type' in value
}
