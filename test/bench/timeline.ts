/**
 * A patient's timeline among 100 000 studies: the hub, with token, decision and audit, beside the same
 * query by pg behind a bare node:http server on the same database.
 */
import fs from 'node:fs'
import path from 'node:path'
import type pg from 'pg'
import type { BareAnswers } from '../support/bare-answers.ts'
import type { Scope } from '../support/database.ts'
import { startChild } from '../support/children.ts'
import { startHub } from '../support/hub.ts'
import { startMinter } from '../support/minter.ts'
import type { BenchLine } from './bench-line.ts'
import { load, quantile, type LoadResult, type LoadTarget } from './load.ts'
import { seedTimeline, TIMELINE_PATIENT } from './timeline-data.ts'
import { AUDIENCE, CARE_ORGNR, careToken, makeIssuerKey, type BenchClient } from './tokens.ts'

export interface TimelineEnv {
  readonly scope: Scope
  /** An empty database; the hub migrates it. */
  readonly databaseUrl: string
  readonly pool: pg.Pool
}

const STUDIES = 100_000
/** Fifty studies are more than this. */
const PAGE_BYTES = 50_000
const MARK = 0.25
const ROUNDS = 3
const RUN = { seconds: 4, concurrency: 32 }
const FNR = 'urn:oid:2.16.578.1.12.4.1.4.1'
const PATIENT_NUMBER = '17558550120'
const BARE = path.join(import.meta.dirname, '../support/bare-statements-child.ts')
const BARE_TIMELINE = `
select id, content from resource
 where type = 'ImagingStudy' and patient = $1 and content is not null and not quarantined
 order by date_from desc nulls last, id limit 51`

export async function benchTimeline(env: TimelineEnv): Promise<readonly BenchLine[]> {
  const hub = await startCareHub(env)
  const bare = await startBare(env, hub.folder)
  const sizes = [await load(bare, { ...RUN, seconds: 1 }), await load(hub, { ...RUN, seconds: 2 })]
  if (sizes.some(({ bytes }) => bytes < PAGE_BYTES)) throw new Error('A page is not a whole page')
  // Turn by turn, so that a busy moment of the machine falls on both.
  const rounds: { bare: LoadResult; hub: LoadResult }[] = []
  for (let round = 0; round < ROUNDS; round += 1) {
    rounds.push({ bare: await load(bare, RUN), hub: await load(hub, RUN) })
  }
  const bareRate = median(rounds.map((one) => one.bare.perSecond))
  const hubRate = median(rounds.map((one) => one.hub.perSecond))
  const ratio = hubRate / bareRate
  const cpu = (side: 'bare' | 'hub'): string =>
    median(rounds.map((one) => one[side].cpuMsPerRequest)).toFixed(2)
  return [
    {
      name: `patient timeline, ${STUDIES} studies, 50 a page`,
      mark: `>= ${MARK}x bare pg`,
      value: `${ratio.toFixed(2)}x (${hubRate.toFixed(0)}/s of ${bareRate.toFixed(0)}/s)`,
      cpuMs: `hub ${cpu('hub')}, bare ${cpu('bare')}`,
      pass: ratio >= MARK,
    },
  ]
}

function median(values: readonly number[]): number {
  return quantile(values, 0.5)
}

async function startBare({ scope, databaseUrl }: TimelineEnv, folder: string): Promise<LoadTarget> {
  const statement = { name: 't', text: BARE_TIMELINE, values: [TIMELINE_PATIENT] }
  const answers = { 'bench /': { statements: [statement], count: 50 } }
  const file = path.join(folder, 'bare.json')
  fs.writeFileSync(file, JSON.stringify({ databaseUrl, answers } satisfies BareAnswers))
  const child = startChild(process.execPath, [BARE, file])
  scope.after(() => child.kill())
  const port = /listening on (\d+)/.exec(await child.line(/listening/))?.[1] ?? ''
  const headers = { 'x-caller': 'bench' }
  const requests = [{ url: `http://127.0.0.1:${port}/`, headers }]
  return { requests, pid: child.process.pid ?? 0 }
}

/** The hub with two members that share, the studies, and a clinician's token for the patient. */
async function startCareHub({
  scope,
  databaseUrl,
  pool,
}: TimelineEnv): Promise<LoadTarget & { readonly folder: string }> {
  const minter = await startMinter(scope)
  const trusted = [{ issuer: minter.url, audience: AUDIENCE, profile: 'helseid' }]
  const hub = await startHub(scope, {
    DATABASE_URL: databaseUrl,
    SAMSYN_TRUSTED_ISSUERS: JSON.stringify(trusted),
  })
  const add = (id: string, orgnr: string, role: string): Promise<unknown> =>
    hub.json(...['member', 'add', '--orgnr', orgnr, '--name', id, '--role', role, '--id', id])
  await add('care', CARE_ORGNR, 'clinical')
  await add('images', '983971636', 'publisher')
  await seedTimeline(pool, { studies: STUDIES, custodians: ['images'] })
  await pool.query('insert into patient_identifier (system, value, patient) values ($1, $2, $3)', [
    FNR,
    PATIENT_NUMBER,
    TIMELINE_PATIENT,
  ])
  const client = (await hub.json(
    ...['client', 'add', '--member', 'care', '--name', 'EHR'],
    ...['--scope', 'samsyn:find samsyn:read-report samsyn:view-images'],
    ...['--bearer', 'load generator', '--id', 'ehr'],
  )) as BenchClient
  const setting = { hub: hub.url, client, minter, issuerKey: makeIssuerKey(minter) }
  const token = await careToken(setting, PATIENT_NUMBER)
  const url = `${hub.url}/fhir/ImagingStudy?patient=${TIMELINE_PATIENT}&_sort=-started&_count=50`
  const headers = { authorization: `Bearer ${token}`, accept: 'application/fhir+json' }
  const pid = hub.child.process.pid ?? 0
  return { requests: [{ url, headers }], pid, folder: hub.dataDir }
}
