/**
 * A small network round a running hub: a hospital that publishes, one whose clinician asks, a recorder of
 * consents, and the identity provider they trust. Managed by `samsyn` commands, as operators do.
 */
import { generateKeyPairSync, randomUUID } from 'node:crypto'
import fs from 'node:fs'
import path from 'node:path'
import {
  DEMO_REDIRECT_URI,
  obtainPersonToken,
  obtainSystemToken,
} from '../../src/commands/obtain-token.ts'
import { startIssuer } from '../../src/demo/issuer.ts'
import { syntheticNationalId, syntheticOrgnr } from '../../src/demo/synthetic-ids.ts'
import type { DemoFile } from '../../src/wire/demo-file.ts'
import type { Scope } from './database.ts'
import { startHub, type TestHub } from './hub.ts'

const AUDIENCE = 'nhn:samsyn'
export const NATIONAL_ID_SYSTEM = 'urn:oid:2.16.578.1.12.4.1.4.1'

/** Client: its member and scopes. */
const CLIENTS = {
  'north-archive': ['north', 'samsyn:publish samsyn:find samsyn:view-images samsyn:read-report'],
  'north-privacy': ['north', 'samsyn:read-audit'],
  'north-registry': ['north', 'samsyn:export samsyn:find samsyn:read-report'],
  'north-feed': ['north', 'samsyn:subscribe samsyn:find samsyn:read-report'],
  'west-ehr': ['west', 'samsyn:find samsyn:read-report samsyn:view-images'],
  'east-ehr': ['east', 'samsyn:find samsyn:read-report samsyn:view-images'],
  recorder: ['registry', 'samsyn:record-consent samsyn:read-consent'],
} as const
export type ClientName = keyof typeof CLIENTS

const MEMBERS = {
  north: ['clinical', 'publisher', 'privacy-officer'],
  west: ['clinical'],
  east: ['clinical'],
  registry: ['consent-recorder'],
} as const
export type MemberName = keyof typeof MEMBERS

export interface Network {
  readonly hub: TestHub
  readonly members: Readonly<Record<MemberName, string>>
  /** A synthetic national id of its own for each call. */
  newPatient(): string
  /** `Authorization` of a member's system. */
  system(client: ClientName): Promise<string>
  /** `Authorization` of West's (or another member's) physician with an attest for one patient. */
  clinician(patient: string, how?: ClinicianOptions): Promise<string>
}

export interface ClinicianOptions {
  readonly member?: 'west' | 'east' | undefined
  readonly purpose?: string | undefined
  readonly studies?: readonly string[] | undefined
  readonly breakGlassReason?: string | undefined
}

export async function startNetwork(
  scope: Scope,
  env: Readonly<Record<string, string>> = {},
): Promise<Network> {
  const names = Object.keys(CLIENTS) as ClientName[]
  const keys = new Map(names.map((name) => [name, newKey()]))
  const orgnrs = orgnrsOf()
  const issuer = await startTestIssuer(keys, orgnrs)
  scope.after(() => issuer.close())
  const trusted = [{ issuer: issuer.url, audience: AUDIENCE, profile: 'helseid' }]
  const hub = await startHub(scope, { SAMSYN_TRUSTED_ISSUERS: JSON.stringify(trusted), ...env })

  const members = await addMembers(hub, orgnrs)
  for (const name of names) await addClient(hub, { name, jwk: keys.get(name), members })

  const demo = demoFile(hub.url, issuer.url, { keys, members })
  return {
    hub,
    members,
    newPatient: makePatients(),
    async system(clientId) {
      const { token } = await obtainSystemToken(demo, { clientId })
      return `Bearer ${token.accessToken}`
    },
    async clinician(patient, { member = 'west', purpose = 'TREAT', studies = [], ...how } = {}) {
      const breakGlass = how.breakGlassReason && { reason: how.breakGlassReason }
      const { token } = await obtainPersonToken(demo, {
        username: member,
        patient,
        purpose,
        studies,
        ...(breakGlass && { breakGlass }),
      })
      return `Bearer ${token.accessToken}`
    },
  }
}

async function addMembers(
  hub: TestHub,
  orgnrs: Readonly<Record<MemberName, string>>,
): Promise<Readonly<Record<MemberName, string>>> {
  const add = async (name: MemberName): Promise<string> => {
    const roles = MEMBERS[name].flatMap((role) => ['--role', role])
    const flags = ['--orgnr', orgnrs[name], '--name', name, ...roles]
    return ((await hub.json('member', 'add', ...flags)) as { id: string }).id
  }
  return {
    north: await add('north'),
    west: await add('west'),
    east: await add('east'),
    registry: await add('registry'),
  }
}

type Jwk = Readonly<Record<string, unknown>>

function newKey(): Jwk {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  return { ...privateKey.export({ format: 'jwk' }), kid: randomUUID(), alg: 'ES256', use: 'sig' }
}

function publicPart({ d: _private, ...jwk }: Jwk): Jwk {
  return jwk
}

function orgnrsOf(): Readonly<Record<MemberName, string>> {
  const [north = '', west = '', east = '', registry = ''] = [100, 200, 300, 400].map(syntheticOrgnr)
  return { north, west, east, registry }
}

function makePatients(): () => string {
  const next = { individual: 100 }
  return () => {
    const id = syntheticNationalId('1985-05-17', next.individual)
    next.individual = Number(id.slice(6, 9)) + 1
    return id
  }
}

async function addClient(hub: TestHub, { name, jwk = {}, members }: AddClient): Promise<void> {
  const file = path.join(hub.dataDir, `${name}.jwks.json`)
  fs.writeFileSync(file, JSON.stringify({ keys: [publicPart(jwk)] }))
  const [member, scope] = CLIENTS[name]
  await hub.json(
    ...['client', 'add', '--id', name, '--name', name, '--member', members[member]],
    ...['--scope', scope, '--jwks', file, '--bearer', 'a test calls the hub as curl would'],
  )
}

interface AddClient {
  readonly name: ClientName
  readonly jwk: Jwk | undefined
  readonly members: Readonly<Record<MemberName, string>>
}

function startTestIssuer(
  keys: ReadonlyMap<ClientName, Jwk>,
  orgnrs: Readonly<Record<MemberName, string>>,
): ReturnType<typeof startIssuer> {
  const people = (['west', 'east'] as const).map((member, index) => ({
    username: member,
    password: 'password',
    name: `Doctor ${member}`,
    nationalId: syntheticNationalId('1970-01-02', 100 + index * 100),
    hpr: `900000${index}`,
    role: 'LE',
  }))
  return startIssuer({
    users: people,
    clients: (['west-ehr', 'east-ehr'] as const).map((id) => ({
      id,
      jwks: { keys: [publicPart(keys.get(id) ?? {})] },
      orgnrParent: orgnrs[CLIENTS[id][0]],
      orgnrChild: orgnrs[CLIENTS[id][0]],
      dpopBound: false,
    })),
    audience: AUDIENCE,
    redirectUri: DEMO_REDIRECT_URI,
    clock: () => new Date(),
  })
}

/** What `samsyn token` reads of a demo, told of this network instead. */
function demoFile(
  hub: string,
  issuer: string,
  { keys, members }: Omit<AddClient, 'name' | 'jwk'> & { keys: ReadonlyMap<ClientName, Jwk> },
): DemoFile {
  const clients = (Object.keys(CLIENTS) as ClientName[]).map((id) => {
    const [member, scope] = CLIENTS[id]
    return { client_id: id, member: members[member], scope, private_jwk: { ...keys.get(id) } }
  })
  const users = (['west', 'east'] as const).map((username) => ({
    username,
    password: 'password',
    member: members[username],
  }))
  return { hub, issuer, members: [], clients, users, patients: [] }
}
