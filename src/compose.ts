/** A whole hub from its configuration: the only place that knows every other. */
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import http from 'node:http'
import https from 'node:https'
import type { AddressInfo } from 'node:net'
import type { Express } from 'express'
import type { Logger } from 'pino'
import { makeApp, makeOperationsApp } from './compose-faces.ts'
import { startServices, type Services } from './compose-services.ts'
import { openStorage } from './compose-storage.ts'
import type { Config } from './config.ts'
import { makeMetrics } from './faces/operations/metrics.ts'
import { startJobs } from './jobs/run-jobs.ts'
import type { Clock } from './kernel/clock.ts'

export interface Hub {
  /** Public address, without a trailing slash. */
  readonly url: string
  readonly administration: Services['administration']
  /** Turns new requests away, lets streams run to their end for a while, then closes everything. */
  close(): Promise<void>
}

export interface HubOptions {
  readonly config: Config
  readonly clock: Clock
  readonly log: Logger
}

/** How long a stop waits for what is in flight. */
const DRAIN_MS = 30_000
/** A large study over a slow line takes its time; a silent connection does not. */
const TIMEOUTS = { requestTimeout: 3_600_000, headersTimeout: 30_000, keepAliveTimeout: 65_000 }
const SILENCE_MS = 120_000

/** Resolves once it listens. Throws, with everything closed again, where any part cannot start. */
export async function startHub(options: HubOptions): Promise<Hub> {
  const { config } = options
  const closers: (() => Promise<void>)[] = []
  const close = async (): Promise<void> => {
    for (const closer of closers.splice(0).reverse()) await closer()
  }
  try {
    const administration = await start(options, closers)
    return { url: config.baseUrl, administration, close }
  } catch (error) {
    await close()
    throw error
  }
}

async function start(
  { config, clock, log }: HubOptions,
  closers: (() => Promise<void>)[],
): Promise<Services['administration']> {
  const storage = await openStorage(config, 'server', log)
  closers.push(() => storage.close())
  const services = await startServices({ config, storage, clock, log })
  closers.push(() => services.close())
  const jobs = await startJobs({ pool: storage.pool, ...services, log })
  closers.push(() => jobs.stop())

  const metrics = makeMetrics()
  closers.push(async () => {
    metrics.clear()
  })
  const draining = { now: false }
  const deps = {
    ...{ config, storage, services, metrics, clock, log },
    isDraining: () => draining.now,
  }
  if (config.operationsPort !== undefined) {
    const server = http.createServer(makeOperationsApp(deps))
    await listen(server, config.operationsPort, config.host)
    closers.push(() => drain(server, 0))
  }
  const server = makeServer(config, makeApp(deps))
  await listen(server, config.port, config.host)
  closers.push(async () => {
    draining.now = true
    await drain(server, DRAIN_MS)
  })
  log.info({ url: config.baseUrl, port: portOf(server) }, 'The hub is listening')
  return services.administration
}

function makeServer({ tls }: Config, app: Express): http.Server {
  const server =
    tls === undefined
      ? http.createServer(TIMEOUTS, app)
      : https.createServer(
          { ...TIMEOUTS, cert: readFileSync(tls.cert), key: readFileSync(tls.key) },
          app,
        )
  return server.setTimeout(SILENCE_MS)
}

async function listen(server: http.Server, port: number, host: string): Promise<void> {
  server.listen(port, host)
  await once(server, 'listening')
}

function portOf(server: http.Server): number {
  return (server.address() as AddressInfo).port
}

async function drain(server: http.Server, patienceMs: number): Promise<void> {
  const closed = once(server, 'close')
  server.close()
  server.closeIdleConnections()
  const timer = setTimeout(() => {
    server.closeAllConnections()
  }, patienceMs)
  await closed
  clearTimeout(timer)
}
