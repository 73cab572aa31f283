/**
 * A patient's timeline among 100 000 studies: the hub, with token, decision and audit, beside the same
 * query by pg behind a bare node:http server on the same database.
 */
import path from 'node:path'
import { importJWK, SignJWT } from 'jose'
import type pg from 'pg'
import type { Scope } from '../support/database.ts'
import { startChild } from '../support/children.ts'
import { startHub, type TestHub } from '../support/hub.ts'
import { helseidClaims, startMinter } from '../support/minter.ts'
import { assertionBy, post, TOKEN_EXCHANGE } from '../support/oauth-calls.ts'
import { newKey } from '../support/oauth-world.ts'
import type { BenchLine } from './bench-line.ts'
import { load, type LoadResult, type LoadTarget } from './load.ts'
import { seedTimeline, TIMELINE_PATIENT } from './timeline-data.ts'

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
const AUDIENCE = 'nhn:samsyn'
const PATIENT_NUMBER = '17558550120'
const BARE = path.join(import.meta.dirname, '../support/bare-timeline-child.ts')

export async function benchTimeline(env: TimelineEnv): Promise<readonly BenchLine[]> {
  const hub = await startCareHub(env)
  const bare = await startBare(env)
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
  return values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)] ?? 0
}

async function startBare({ scope, databaseUrl }: TimelineEnv): Promise<LoadTarget> {
  const child = startChild(process.execPath, [BARE, databaseUrl])
  scope.after(() => child.kill())
  const port = /\d+/.exec(await child.line(/listening/))?.[0] ?? ''
  const url = `http://127.0.0.1:${port}/?patient=${TIMELINE_PATIENT}`
  return { url, headers: {}, pid: child.process.pid ?? 0 }
}

/** The hub with two members that share, the studies, and a clinician's token for the patient. */
async function startCareHub({ scope, databaseUrl, pool }: TimelineEnv): Promise<LoadTarget> {
  const minter = await startMinter(scope)
  const trusted = [{ issuer: minter.url, audience: AUDIENCE, profile: 'helseid' }]
  const hub = await startHub(scope, {
    DATABASE_URL: databaseUrl,
    SAMSYN_TRUSTED_ISSUERS: JSON.stringify(trusted),
  })
  await hub.json(
    'member',
    'add',
    '--orgnr',
    '993467049',
    '--name',
    'Care',
    '--role',
    'clinical',
    '--id',
    'care',
  )
  await hub.json(
    'member',
    'add',
    '--orgnr',
    '983971636',
    '--name',
    'Images',
    '--role',
    'publisher',
    '--id',
    'images',
  )
  await seedTimeline(pool, { studies: STUDIES, custodians: ['images'] })
  await pool.query('insert into patient_identifier (system, value, patient) values ($1, $2, $3)', [
    FNR,
    PATIENT_NUMBER,
    TIMELINE_PATIENT,
  ])
  const token = await careToken(hub, minter)
  return {
    url: `${hub.url}/fhir/ImagingStudy?patient=${TIMELINE_PATIENT}&_sort=-started&_count=50`,
    headers: { authorization: `Bearer ${token}`, accept: 'application/fhir+json' },
    pid: hub.child.process.pid ?? 0,
  }
}

async function careToken(
  hub: TestHub,
  minter: { readonly url: string; readonly keys: object[] },
): Promise<string> {
  const scope = 'samsyn:find samsyn:read-report samsyn:view-images'
  const client: ClientAnswer = await addClient(hub, scope)
  const issuerKey = newKey()
  const { d: _d, ...publicKey } = issuerKey
  minter.keys.push(publicKey)
  const subject = await new SignJWT(
    helseidClaims(minter.url, { audience: AUDIENCE, patient: PATIENT_NUMBER }),
  )
    .setProtectedHeader({ alg: 'ES256', typ: 'at+jwt', kid: issuerKey.kid })
    .sign(await importJWK(issuerKey, 'ES256'))
  const answer = await post(`${hub.url}/oauth/token`, {
    grant_type: TOKEN_EXCHANGE,
    client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    client_assertion: await assertionBy(client.private_jwk, client.client_id, hub.url),
    subject_token: subject,
    subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
    authorization_details: JSON.stringify([
      {
        type: 'samsyn:imaging',
        identifier: { system: FNR, value: PATIENT_NUMBER },
        purpose: 'TREAT',
      },
    ]),
  })
  if (answer.status !== 200) throw new Error(`No token: ${JSON.stringify(answer.body)}`)
  return String(answer.body.access_token)
}

interface ClientAnswer {
  readonly client_id: string
  readonly private_jwk: ReturnType<typeof newKey>
}

async function addClient(hub: TestHub, scope: string): Promise<ClientAnswer> {
  return (await hub.json(
    ...['client', 'add', '--member', 'care', '--name', 'EHR', '--scope', scope],
    ...['--bearer', 'load generator', '--id', 'ehr'],
  )) as ClientAnswer
}
