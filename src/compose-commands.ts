/** What commands open of an installation, which may be a running hub's or nobody's at the moment. */
import type { KeyObject } from 'node:crypto'
import { userInfo } from 'node:os'
import type { Pool } from 'pg'
import type { Logger } from 'pino'
import { makeLog } from './compose-log.ts'
import { checkpointKey } from './compose-ground.ts'
import { startServices, type Services } from './compose-services.ts'
import { openStorage } from './compose-storage.ts'
import { readConfig } from './config.ts'
import { startExportJobs } from './jobs/run-exports.ts'
import { startJobs } from './jobs/run-jobs.ts'
import { startNotifications } from './jobs/run-notifications.ts'
import type { Clock } from './kernel/clock.ts'
import type { Operator } from './services/administration.ts'

interface OpenDeps {
  readonly clock: Clock
  readonly log: Logger
}

interface OpenAdministration {
  readonly administration: Services['administration']
  readonly operator: Operator
  close(): Promise<void>
}

/** For `member`, `client` and `source`: the services over the database, no face and no job. */
export async function openAdministration({ clock, log }: OpenDeps): Promise<OpenAdministration> {
  const config = readConfig()
  const storage = await openStorage(config, 'command', log)
  const services = await startServices({ config, storage, clock, log }).catch(
    async (error: unknown) => {
      await storage.close()
      throw error
    },
  )
  return {
    administration: services.administration,
    // Who has a shell on the installation is the operator; the log says which account it was.
    operator: { context: { requestId: `shell-${userInfo().username}`, channel: 'command' } },
    async close() {
      await services.close()
      await storage.close()
    },
  }
}

interface OpenAuditLog {
  readonly pool: Pool
  readonly anchorFile: string
  readonly publicKeys: ReadonlyMap<string, KeyObject>
  close(): Promise<void>
}

export async function openAuditLog(log: Logger): Promise<OpenAuditLog> {
  const config = readConfig()
  const storage = await openStorage(config, 'command', log)
  const { kid, publicKey } = checkpointKey(storage)
  return {
    pool: storage.pool,
    anchorFile: config.auditAnchor,
    publicKeys: new Map([[kid, publicKey]]),
    close: () => storage.close(),
  }
}

/** For `work`: the jobs alone. Throws, with everything closed again, where any part cannot start. */
export async function startWork({
  clock,
}: Pick<OpenDeps, 'clock'>): Promise<{ close(): Promise<void> }> {
  const config = readConfig()
  const log = makeLog(config.logLevel, 1)
  const closers: (() => Promise<void>)[] = []
  const close = async (): Promise<void> => {
    for (const closer of closers.splice(0).reverse()) await closer()
  }
  try {
    const storage = await openStorage(config, 'command', log)
    closers.push(() => storage.close())
    const services = await startServices({ config, storage, clock, log })
    closers.push(() => services.close())
    const jobs = await startJobs({ pool: storage.pool, ...services, log })
    closers.push(() => jobs.stop())
    const exports = await startExportJobs({ pool: storage.pool, ...services, log })
    closers.push(() => exports.stop())
    // Websockets are bound at the HTTP nodes, which tell them.
    const notifications = startNotifications({ ...services, subscriptionSockets: undefined, log })
    closers.push(() => notifications.stop())
    return { close }
  } catch (error) {
    await close()
    throw error
  }
}
