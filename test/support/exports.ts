/** Bulk exports over HTTP: a registry with the operations, the files' addresses, and the jobs that do the work. */
import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import type { TestContext } from 'node:test'
import { scopeOf } from '../../src/domain/access/scopes.ts'
import type { Client } from '../../src/domain/access/network.ts'
import { exportRouter } from '../../src/faces/fhir/export-router.ts'
import { exportOperations } from '../../src/faces/fhir/operations/export.ts'
import { startExportJobs } from '../../src/jobs/run-exports.ts'
import type { Jobs } from '../../src/jobs/run-jobs.ts'
import { makeCancelExport, makeSweepExports } from '../../src/services/cancel-export.ts'
import { makeJudgeExport } from '../../src/services/export-access.ts'
import { makeOpenExportFile } from '../../src/services/open-export-file.ts'
import { makeReadExport } from '../../src/services/read-export.ts'
import type { ExportPace } from '../../src/services/export-deps.ts'
import { makeRunExport, type RunExport } from '../../src/services/run-export.ts'
import { makeStartExport } from '../../src/services/start-export.ts'
import { makeFileObjects } from '../../src/storage/file-objects.ts'
import type { ObjectStore } from '../../src/storage/objects.ts'
import { silentLog } from './log.ts'
import {
  keyOf,
  NORTH,
  startRegistry,
  type Answer,
  type Caller,
  type Ground,
  type Registry,
} from './registry.ts'
import { until } from './until.ts'

export interface ExportOptions {
  readonly pace?: Partial<ExportPace>
  readonly clock?: () => Date
  /** In place of the store on the disk, around it. */
  readonly objects?: (store: ObjectStore) => ObjectStore
  /** Nothing is done until `startJobs`. */
  readonly idle?: boolean
}

export interface Exports extends Registry {
  readonly objects: ObjectStore
  /** Where the store keeps its files. */
  readonly folder: string
  startJobs(): Promise<Jobs>
  readonly runExport: RunExport
  sweep(): Promise<void>
  /** Ends what is being handed out. */
  cut(): void
  /** GET with `Prefer: respond-async`. */
  kickOff(caller: Caller, path: string, headers?: Record<string, string>): Promise<Answer>
  /** As `kickOff`, and waits until it is done: the manifest. */
  exported(caller: Caller, path: string, headers?: Record<string, string>): Promise<Manifest>
  finished(caller: Caller, location: string): Promise<Answer>
  /** The bytes as they come. */
  fetch(caller: Caller, url: string, init?: Fetching): Promise<Response>
  /** The resources in the file. */
  linesOf(caller: Caller, url: string): Promise<any[]>
}

export interface Fetching {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly signal?: AbortSignal
}

export interface Manifest {
  readonly location: string
  readonly transactionTime: string
  readonly request: string
  readonly output: readonly {
    readonly type: string
    readonly url: string
    readonly count: number
  }[]
  readonly deleted: readonly {
    readonly type: string
    readonly url: string
    readonly count: number
  }[]
}

const QUICK: Partial<ExportPace> = { graceMs: 0 }

/** Runs `work`, and ends the jobs before hooks take their database away. */
export async function withExports(
  t: TestContext,
  options: ExportOptions,
  work: (exports: Exports) => Promise<void>,
): Promise<void> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'samsyn-exports-'))
  const clock = options.clock ?? ((): Date => new Date())
  const store = await makeFileObjects(folder, { clock, reserveBytes: 0 })
  const objects = options.objects?.(store) ?? store
  const cutting = new AbortController()
  const made = Promise.withResolvers<Services>()
  const registry = await startRegistry(t, {
    more(ground) {
      const services = makeServices({ ...ground, clock }, { options, objects, cutting })
      made.resolve(services)
      return {
        operations: exportOperations({ ...ground, ...services }),
        beside: { export: exportRouter({ ...ground, ...services }) },
      }
    },
  })
  const services = await made.promise
  const running = new Set<Jobs>()
  const startJobs = async (): Promise<Jobs> => {
    const jobs = await startExportJobs({ pool: registry.pool, log: silentLog, ...services })
    running.add(jobs)
    return {
      async stop() {
        if (running.delete(jobs)) await jobs.stop()
      },
    }
  }
  try {
    if (options.idle !== true) await startJobs()
    await work({
      ...registry,
      ...asking(registry),
      ...{ objects, folder },
      startJobs,
      runExport: services.runExport,
      sweep: services.sweepExports,
      cut: () => {
        cutting.abort(new Error('Access ended'))
      },
    })
  } finally {
    await Promise.all([...running].map((jobs) => jobs.stop()))
    await store.close()
    rmSync(folder, { recursive: true, force: true })
  }
}

type Services = ReturnType<typeof makeServices>

interface Making {
  readonly options: ExportOptions
  readonly objects: ObjectStore
  readonly cutting: AbortController
}

function makeServices(ground: Ground, { options, objects, cutting }: Making) {
  const client = (id: string): Client | undefined => {
    const caller = ground.callerOf(id)
    if (caller === undefined) return undefined
    const scope = caller.actions.map(scopeOf).join(' ')
    // No more of a registration is asked for.
    return { id, member: caller.member, scope, active: true } as unknown as Client
  }
  const judgeExport = makeJudgeExport({ ...ground, state: { client } })
  const shared = {
    ...{ ...ground, objects, judgeExport, log: silentLog, newId: () => randomUUID() },
    watch: () => ({ signal: cutting.signal, close: () => undefined }),
    pace: { ...QUICK, ...options.pace },
  }
  return {
    startExport: makeStartExport(shared),
    runExport: makeRunExport(shared),
    readExport: makeReadExport(shared),
    openExportFile: makeOpenExportFile(shared),
    cancelExport: makeCancelExport(shared),
    sweepExports: makeSweepExports(shared),
  }
}

type Asking = Pick<Exports, 'kickOff' | 'exported' | 'finished' | 'fetch' | 'linesOf'>

function asking(registry: Registry): Asking {
  const kickOff: Asking['kickOff'] = (caller, where, headers = {}) =>
    registry.ask(caller, where, { headers: { prefer: 'respond-async', ...headers } })

  const finished: Asking['finished'] = async (caller, location) => {
    let answer = await registry.ask(caller, location)
    await until(async () => {
      answer = await registry.ask(caller, location)
      return answer.status !== 202
    }, 60_000)
    return answer
  }
  const get: Asking['fetch'] = (caller, url, { headers, ...init } = {}) =>
    fetch(url, { ...init, headers: { ...headers, 'x-caller': keyOf(caller) } })

  return {
    kickOff,
    finished,
    async exported(caller, where, headers) {
      const begun = await kickOff(caller, where, headers)
      const location = begun.headers.get('content-location')
      if (begun.status !== 202 || location === null) throw new Error(JSON.stringify(begun.body))
      const { status, body } = await finished(caller, location)
      if (status !== 200) throw new Error(JSON.stringify(body))
      return { ...body, location }
    },
    fetch: get,
    async linesOf(caller, url) {
      const response = await get(caller, url)
      const text = await response.text()
      if (response.status !== 200) throw new Error(text)
      const lines = text.split('\n').slice(0, -1)
      return lines.map((line): unknown => JSON.parse(line))
    },
  }
}

/** Ids by type of all that was exported. */
export async function idsIn(
  { linesOf }: Exports,
  caller: Caller,
  { output }: Manifest,
): Promise<Readonly<Record<string, string[]>>> {
  const found: Record<string, string[]> = {}
  for (const { type, url } of output)
    (found[type] ??= []).push(...(await linesOf(caller, url)).map(({ id }) => String(id)))
  return found
}

/** Of North, for what is North's own. */
export const EXPORTER: Caller = {
  member: NORTH,
  actions: ['find', 'read-report', 'read-directory', 'export'],
  filter: { kind: 'custodian', in: [NORTH] },
}
