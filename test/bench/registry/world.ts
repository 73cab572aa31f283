/** A hub over a registry of so many studies: loaded once, kept where a folder is kept, started anew each time. */
import fs from 'node:fs'
import path from 'node:path'
import type pg from 'pg'
import { syntheticOrgnr } from '../../../src/demo/synthetic-ids.ts'
import { migrate } from '../../../src/storage/migrate.ts'
import { makePool } from '../../../src/storage/pool.ts'
import type { Scope } from '../../support/database.ts'
import { startHub, type TestHub } from '../../support/hub.ts'
import { loadStudies, type LoadedStudies } from '../../support/load-studies.ts'
import { silentLog } from '../../support/log.ts'
import { startMinter } from '../../support/minter.ts'
import {
  AUDIENCE,
  CARE_ORGNR,
  careToken,
  makeIssuerKey,
  systemToken,
  type BenchClient,
} from '../tokens.ts'
import { careCaller, systemCaller, type Caller } from './callers.ts'
import type { BenchServer } from './server.ts'

export interface World {
  readonly studies: number
  readonly databaseUrl: string
  readonly databasePid: number
  readonly pool: pg.Pool
  readonly hub: TestHub
  readonly loaded: LoadedStudies
  /** Seconds that loading took; undefined where it was there. */
  readonly loadSeconds: number | undefined
  /** Clinicians, each with a patient of twenty studies; tokens are good for some minutes. */
  clinicians(count: number): Promise<readonly Caller[]>
  /** The system of the custodian with the most studies. */
  archive(): Promise<Caller>
}

const CUSTODIANS = ['images-1', 'images-2', 'images-3', 'images-4', 'images-5', 'images-6']
const CARE_SCOPE = 'samsyn:find samsyn:read-report samsyn:view-images'
const ARCHIVE_SCOPE = `${CARE_SCOPE} samsyn:publish samsyn:read-directory samsyn:export`

/** What is kept beside the database. */
interface Kept {
  readonly loaded: LoadedStudies
  readonly care: BenchClient
  readonly archive: BenchClient
}

export interface WorldRequest {
  readonly server: BenchServer
  readonly studies: number
  readonly onProgress: (text: string) => void
}

export async function openWorld(scope: Scope, request: WorldRequest): Promise<World> {
  const { server, studies, onProgress } = request
  const name = `registry_${studies}`
  const { url } = await server.database(name)
  const pool = makePool({ connection: { connectionString: url }, max: 4, log: silentLog })
  scope.after(() => pool.end())
  await migrate(pool)

  const file = path.join(server.folder, `${name}.json`)
  const began = performance.now()
  const isKept = fs.existsSync(file)
  const loaded = isKept ? readKept(file).loaded : await fill(pool, { studies, onProgress })
  const loadSeconds = isKept ? undefined : (performance.now() - began) / 1000

  const minter = await startMinter(scope)
  const trusted = [{ issuer: minter.url, audience: AUDIENCE, profile: 'helseid' }]
  const hub = await startHub(scope, {
    DATABASE_URL: url,
    SAMSYN_DATA_DIR: path.join(server.folder, `${name}-hub`),
    SAMSYN_TRUSTED_ISSUERS: JSON.stringify(trusted),
  })
  const { care, archive } = isKept ? readKept(file) : await addParties(hub)
  if (!isKept) fs.writeFileSync(file, JSON.stringify({ loaded, care, archive } satisfies Kept))
  const setting = { hub: hub.url, client: care, minter, issuerKey: makeIssuerKey(minter) }
  return {
    ...{ studies, databaseUrl: url, databasePid: server.pid, pool, hub, loaded, loadSeconds },
    clinicians: (count) =>
      Promise.all(
        loaded.twenty
          .slice(0, count)
          .map(async (patient) => careCaller(await careToken(setting, patient.number), patient)),
      ),
    archive: async () => systemCaller(await systemToken(hub.url, archive, ARCHIVE_SCOPE)),
  }
}

function readKept(file: string): Kept {
  return JSON.parse(fs.readFileSync(file, 'utf8')) as Kept
}

const STEP = 1_000_000

function fill(
  pool: pg.Pool,
  { studies, onProgress }: Pick<WorldRequest, 'studies' | 'onProgress'>,
): Promise<LoadedStudies> {
  onProgress(`loading ${studies} studies with their reports`)
  let told = 0
  return loadStudies(pool, {
    studies,
    custodians: CUSTODIANS,
    onProgress: (done) => {
      if (done < told + STEP) return
      told = done
      onProgress(`${done} studies loaded`)
    },
  })
}

async function addParties(hub: TestHub): Promise<Omit<Kept, 'loaded'>> {
  const member = (id: string, orgnr: string, ...roles: readonly string[]): Promise<unknown> =>
    hub.json(
      ...['member', 'add', '--id', id, '--name', id, '--orgnr', orgnr],
      ...roles.flatMap((role) => ['--role', role]),
    )
  await member('care', CARE_ORGNR, 'clinical')
  for (const [index, id] of CUSTODIANS.entries())
    await member(id, syntheticOrgnr(100 * (index + 1)), 'clinical', 'publisher')
  return {
    care: await addClient(hub, { id: 'ehr', member: 'care', scope: CARE_SCOPE }),
    archive: await addClient(hub, { id: 'archive', member: 'images-1', scope: ARCHIVE_SCOPE }),
  }
}

interface NewClient {
  readonly id: string
  readonly member: string
  readonly scope: string
}

async function addClient(hub: TestHub, { id, member, scope }: NewClient): Promise<BenchClient> {
  return (await hub.json(
    ...['client', 'add', '--id', id, '--name', id, '--member', member, '--scope', scope],
    ...['--bearer', 'a bench calls the hub at full speed'],
  )) as BenchClient
}
