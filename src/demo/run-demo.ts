/** The whole demo in one process: archives, identity provider, hub, network and story. */
import { createServer } from 'node:net'
import path from 'node:path'
import { DEMO_REDIRECT_URI } from '../commands/obtain-token.ts'
import type { Config } from '../config.ts'
import type { Clock } from '../kernel/clock.ts'
import { HubError } from '../kernel/errors.ts'
import type { Administration } from '../services/administration.ts'
import { parseDemoFile } from '../wire/demo-file.ts'
import { startArchive } from './archive.ts'
import { demoJson, previousDemo, writeDemoJson, type DemoAddresses } from './demo-json.ts'
import { clientKeys, publicPart, type ClientKeys } from './demo-keys.ts'
import { describeDemo } from './describe-demo.ts'
import { startIssuer } from './issuer.ts'
import { publishWorld, type PatientIds } from './publish-world.ts'
import { seedNetwork } from './seed.ts'
import { tellStory } from './story.ts'
import { phantomsAt } from './world-studies.ts'
import { CLIENTS, MEMBERS, SOURCES, USERS, type DemoMember } from './world.ts'

/** The hub as compose starts it; `close` drains and ends it. */
export interface StartedHub {
  /** Public address, without a trailing slash. */
  readonly url: string
  readonly administration: Administration
  close(): Promise<void>
}

export type StartHub = (config: Config) => Promise<StartedHub>

export interface DemoDeps {
  readonly config: Config
  readonly startHub: StartHub
  readonly clock: Clock
  readonly say: (line: string) => void
}

export interface RunningDemo {
  /** Rejects with the step that failed. */
  tellStory(): Promise<void>
  close(): Promise<void>
}

const AUDIENCE = 'nhn:samsyn'
const CREDENTIALS = { username: 'samsyn', password: 'arkiv' }

/** Resolves when all of it listens, is seeded and is described in demo.json. */
export async function startDemo(deps: DemoDeps): Promise<RunningDemo> {
  const closers: (() => Promise<void>)[] = []
  const close = async (): Promise<void> => {
    for (const closer of closers.splice(0).reverse()) await closer()
  }
  try {
    const started = await startAll(deps, closers)
    return { tellStory: () => tellOn(deps, started), close }
  } catch (error) {
    await close()
    throw error
  }
}

interface Started {
  readonly addresses: DemoAddresses
  readonly keys: ClientKeys
  readonly patients: PatientIds
}

async function startAll(deps: DemoDeps, closers: (() => Promise<void>)[]): Promise<Started> {
  const { config, say } = deps
  await requireFreePort(config)
  const previous = await previousDemo(config.dataDir)
  const keys = clientKeys(previous)
  say('Archives: painting what is not there yet …')
  const archives = new Map<string, string>()
  for (const source of SOURCES) {
    const archive = await startArchive({
      directory: archiveFolder(config, source.key),
      studies: phantomsAt(source),
      credentials: CREDENTIALS,
      health: source.health,
    })
    closers.push(() => archive.close())
    archives.set(source.key, archive.url)
  }
  const issuer = await startIssuer({
    users: USERS,
    clients: CLIENTS.map(({ id, member }) => issuerClient(id, memberOf(member), keys)),
    audience: AUDIENCE,
    redirectUri: DEMO_REDIRECT_URI,
    clock: deps.clock,
  })
  closers.push(() => issuer.close())

  say('Hub: starting the database and the services …')
  const hub = await deps.startHub(trusting(config, issuer.url))
  closers.push(() => hub.close())
  const { administration } = hub
  await seedNetwork({ administration, keys, archives, credentials: CREDENTIALS, say })

  const addresses = { hub: hub.url, issuer: issuer.url, archives }
  const demo = parseDemoFile(JSON.stringify(demoJson(addresses, keys, new Map())))
  const patients = await publishWorld(demo, say)
  const file = await writeDemoJson(config.dataDir, demoJson(addresses, keys, patients))
  for (const line of describeDemo(addresses, file)) say(line)
  return { addresses, keys, patients }
}

function tellOn({ config, say }: DemoDeps, started: Started): Promise<void> {
  const { addresses, keys, patients } = started
  return tellStory({
    demo: parseDemoFile(JSON.stringify(demoJson(addresses, keys, patients))),
    patients,
    archiveOf: ({ custodian }) =>
      archiveFolder(config, SOURCES.find((source) => source.custodian === custodian)?.key ?? ''),
    say,
  })
}

function archiveFolder({ dataDir }: Config, source: string): string {
  return path.join(dataDir, 'archives', source)
}

function memberOf(key: string): DemoMember {
  const found = MEMBERS.find((member) => member.key === key)
  if (found === undefined) throw new Error(`The demo has no member ${key}`)
  return found
}

function issuerClient(
  id: string,
  { orgnr, unit }: DemoMember,
  keys: ClientKeys,
): Parameters<typeof startIssuer>[0]['clients'][number] {
  const key = keys.get(id)
  return {
    id,
    jwks: { keys: key === undefined ? [] : [publicPart(key)] },
    orgnrParent: orgnr,
    orgnrChild: unit,
    dpopBound: false,
  }
}

/** The configuration, with this demo's issuer trusted and its archives within reach. */
function trusting(config: Config, issuer: string): Config {
  const trusted = { issuer, audience: AUDIENCE, profile: 'helseid' } as const
  return {
    ...config,
    trustedIssuers: [...config.trustedIssuers, trusted],
    egressAllow: [...new Set([...config.egressAllow, 'loopback'])],
  }
}

/** Told before any work is done: the hub's port is the one that others were told of. */
async function requireFreePort({ host, port }: Config): Promise<void> {
  const probe = createServer()
  await new Promise<void>((resolve, reject) => {
    probe.once('error', (error) => reject(isPortTaken(error) ? portTaken(port) : error))
    probe.listen(port, host, () => probe.close(() => resolve()))
  })
}

function isPortTaken(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EADDRINUSE'
}

function portTaken(port: number): HubError {
  const text = `Port ${port} is taken: choose another with --port or SAMSYN_PORT`
  return new HubError('conflict', text)
}
