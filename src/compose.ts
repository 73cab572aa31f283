/** A whole hub from its configuration: the only place that knows every other. */
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import http from 'node:http'
import https from 'node:https'
import type { AddressInfo } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import type { Express } from 'express'
import type { Logger } from 'pino'
import type { FacesDeps } from './compose-faces-deps.ts'
import { makeApp, makeOperationsApp } from './compose-faces.ts'
import { SOCKET_PATH } from './compose-fhir.ts'
import { startServices, type Services } from './compose-services.ts'
import { openStorage, type Storage } from './compose-storage.ts'
import type { Config } from './config.ts'
import { attachSubscriptionSocket, isSocketRequest } from './faces/fhir/subscription-socket.ts'
import { startMllp } from './faces/hl7v2/start-mllp.ts'
import { makeMetrics, type Metrics } from './faces/operations/metrics.ts'
import { startExportJobs } from './jobs/run-exports.ts'
import { startJobs } from './jobs/run-jobs.ts'
import { startNotifications } from './jobs/run-notifications.ts'
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
/** How long a stopping hub goes on listening, not ready: a load balancer that probes less often is late. */
const NOTICE_MS = { production: 5_000, development: 0 }
/** Connections that fall idle while the hub drains are closed this soon. */
const IDLE_SWEEP_MS = 100
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
  const metrics = makeMetrics()
  closers.push(async () => {
    metrics.clear()
  })
  const observeCall = metrics.call
  const services = await startServices({ config, storage, clock, log, observeCall })
  closers.push(() => services.close())
  watchGround(metrics, storage, services)
  await services.publishDefinitions()
  const jobs = await startJobs({ pool: storage.pool, ...services, log })
  closers.push(() => jobs.stop())
  const exports = await startExportJobs({ pool: storage.pool, ...services, log })
  closers.push(() => exports.stop())
  const notifications = startNotifications({ ...services, log })
  closers.push(() => notifications.stop())

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
  await listenForMessages(deps, closers)
  const server = makeServer(config, makeApp(deps))
  const sockets = attachSubscriptionSocket(server, { ...services, path: SOCKET_PATH, log })
  await listen(server, config.port, config.host)
  closers.push(async () => {
    draining.now = true
    await delay(NOTICE_MS[config.environment])
    await sockets.close()
    await drain(server, DRAIN_MS)
  })
  log.info({ url: config.baseUrl, port: portOf(server) }, 'The hub is listening')
  return services.administration
}

/** HL7 v2, where it is configured; under the same certificate as HTTP. */
async function listenForMessages(
  { config, services, clock, log }: FacesDeps,
  closers: (() => Promise<void>)[],
): Promise<void> {
  const { mllpPort, host, tls } = config
  if (mllpPort === undefined) return
  const listener = await startMllp({
    ...{ ...services, clock, log, host, port: mllpPort },
    tls: tls && { cert: readFileSync(tls.cert), key: readFileSync(tls.key) },
    takesTests: config.environment === 'development',
  })
  closers.push(() => listener.close())
  log.info({ port: listener.port }, 'The hub hears HL7 v2 messages')
}

/** What runs out first: connections of the database, and streams that hold some of everything. */
function watchGround({ watch }: Metrics, { pool }: Storage, { liveDisclosures }: Services): void {
  watch('database_connections', 'Connections to the database', () => pool.totalCount)
  watch('database_connections_idle', 'Connections that nothing uses now', () => pool.idleCount)
  watch('database_waiting', 'Requests that wait for a connection', () => pool.waitingCount)
  watch('open_disclosures', 'Streams of images being sent now', () => liveDisclosures.count())
}

function makeServer({ tls }: Config, app: Express): http.Server {
  // Other wishes to upgrade than a websocket's are passed over, as RFC 9110 section 7.8 lets a server do.
  const options = { ...TIMEOUTS, shouldUpgradeCallback: isSocketRequest(SOCKET_PATH) }
  const server =
    tls === undefined
      ? http.createServer(options, app)
      : https.createServer(
          { ...options, cert: readFileSync(tls.cert), key: readFileSync(tls.key) },
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
  const patience = setTimeout(() => {
    server.closeAllConnections()
  }, patienceMs)
  const sweep = setInterval(() => {
    server.closeIdleConnections()
  }, IDLE_SWEEP_MS)
  await closed
  clearTimeout(patience)
  clearInterval(sweep)
}
