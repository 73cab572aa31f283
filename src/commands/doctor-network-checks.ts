/** What can be wrong between an installation and others: its ports, its certificate, and whom it calls. */
import { X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import http from 'node:http'
import https from 'node:https'
import { createServer, isIP } from 'node:net'
import { createSecureContext } from 'node:tls'
import type { Pool } from 'pg'
import type { Config } from '../config.ts'
import type { Clock } from '../kernel/clock.ts'
import { makeSealer } from '../kernel/seal.ts'
import { makeAllowList } from '../sources/allow-list.ts'
import { makeEgress } from '../sources/egress.ts'
import { makeIssuerKeys } from '../sources/issuer-keys.ts'
import { loadKeys } from '../storage/key-file.ts'
import { listSources } from '../storage/sources.ts'
import { failed, messageOf, ok, warning, type Verdict } from './doctor-checks.ts'

export interface Listener {
  readonly host: string
  readonly port: number
  readonly tls: boolean
}

export async function checkPort(listener: Listener): Promise<Verdict> {
  const { host, port } = listener
  if (port === 0) return ok('a free one')
  const problem = await tryListening(host, port)
  if (problem === undefined) return ok(`${host}:${port} is free`)
  if (problem === 'EADDRINUSE') {
    return (await isHub(listener))
      ? ok(`${host}:${port} is the running hub’s`)
      : failed(`${host}:${port} is taken`, 'Stop what listens there, or set another port')
  }
  return failed(`${host}:${port}: ${problem}`, 'Set a host of this machine and a port it may use')
}

function tryListening(host: string, port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', (error) => {
      resolve('code' in error ? String(error.code) : error.message)
    })
    server.listen(port, host, () => {
      server.close(() => {
        resolve(undefined)
      })
    })
  })
}

/** By TLS where the hub speaks it; whose name the certificate bears is a check of its own. */
function isHub({ host, port, tls }: Listener): Promise<boolean> {
  const local = host === '0.0.0.0' || host === '::' ? 'localhost' : host
  const where = { host: local, port, path: '/livez', timeout: 2000 }
  return new Promise((resolve) => {
    const request = tls ? https.get({ ...where, rejectUnauthorized: false }) : http.get(where)
    request
      .on('response', ({ statusCode }) => {
        request.destroy()
        resolve(statusCode === 200)
      })
      .on('timeout', () => request.destroy())
      .on('close', () => {
        resolve(false)
      })
      .on('error', () => {
        resolve(false)
      })
  })
}

/** Every registered source must be one the hub is allowed to call. */
export async function checkEgress(pool: Pool, config: Config): Promise<Verdict> {
  const allow = makeAllowList(config.egressAllow)
  const { master } = await loadKeys(config.keyFile, false)
  const sources = await listSources(pool, makeSealer(master))
  const barred = sources.filter(({ active, settings }) => active && !allows(allow, settings.url))
  if (barred.length === 0) return ok(`${sources.length} sources, all allowed`)
  const ids = barred.map(({ id }) => id).join(', ')
  return failed(`The hub may not call ${ids}`, 'Add their hosts and ports to SAMSYN_EGRESS_ALLOW')
}

function allows(allow: ReturnType<typeof makeAllowList>, address: string): boolean {
  const { hostname, port, protocol } = new URL(address)
  return allow.allowsHost(hostname, port === '' ? (protocol === 'https:' ? 443 : 80) : Number(port))
}

const RENEW_BEFORE_MS = 14 * 24 * 60 * 60 * 1000

/** Throws where the files cannot be read, are not PEM, or are not of one pair. */
export async function checkTls(
  tls: { readonly cert: string; readonly key: string },
  baseUrl: string,
  now: Date,
): Promise<Verdict> {
  const [cert, key] = await Promise.all([readFile(tls.cert), readFile(tls.key)])
  createSecureContext({ cert, key })
  const certificate = new X509Certificate(cert)
  const left = Date.parse(certificate.validTo) - now.getTime()
  const until = `${tls.cert} is valid until ${certificate.validTo}`
  if (left <= 0) return failed(until, 'Put a new certificate in its place and restart the hub')
  if (!bears(certificate, new URL(baseUrl).hostname))
    return warning(`${tls.cert} does not bear the name in SAMSYN_BASE_URL`, 'Set either right')
  if (left < RENEW_BEFORE_MS) return warning(until, 'Renew it soon')
  return ok(until)
}

function bears(certificate: X509Certificate, hostname: string): boolean {
  const name = hostname.replace(/^\[|\]$/g, '')
  const found = isIP(name) === 0 ? certificate.checkHost(name) : certificate.checkIP(name)
  return found !== undefined
}

/** Asks each trusted issuer for its metadata and keys, by the way the hub does. */
export async function checkIssuers(
  { trustedIssuers, egressAllow }: Config,
  clock: Clock,
): Promise<Verdict> {
  const egress = makeEgress({ allow: egressAllow, answerWithin: 5_000 })
  const keysOf = makeIssuerKeys({ egress, clock })
  try {
    const problems: string[] = []
    for (const { issuer } of trustedIssuers)
      await keysOf(issuer, false).catch((error: unknown) => {
        const cause = error instanceof Error ? (error.cause ?? error) : error
        problems.push(`${issuer}: ${messageOf(cause)}`)
      })
    if (problems.length === 0) return ok(`${trustedIssuers.length}, with their keys`)
    const fix = 'See that SAMSYN_EGRESS_ALLOW lists their hosts and that they answer'
    return failed(problems.join('; '), fix)
  } finally {
    await egress.close()
  }
}
