/** The hub's authorization server on a socket, a HelseID-like issuer beside it, and one guarded address. */
import { generateKeyPairSync, randomUUID, type JsonWebKey } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import express, { type ErrorRequestHandler, type Express } from 'express'
import type { Pool } from 'pg'
import { startIssuer, type StartedIssuer } from '../../src/demo/issuer.ts'
import type { Client, Member } from '../../src/domain/access/network.ts'
import { POLICY_PROFILES } from '../../src/domain/access/profiles.ts'
import type { AuditRecord } from '../../src/domain/audit/event.ts'
import { bearer } from '../../src/faces/bearer.ts'
import { HTTP_STATUS } from '../../src/faces/http-status.ts'
import { oauthRouter } from '../../src/faces/oauth/router.ts'
import { requestId } from '../../src/faces/request-id.ts'
import { principalOf } from '../../src/faces/request-state.ts'
import { HubError } from '../../src/kernel/errors.ts'
import type { ClientId, OrganizationId } from '../../src/kernel/ids.ts'
import { makeSealer } from '../../src/kernel/seal.ts'
import { startAccessState, type AccessState } from '../../src/services/access-state.ts'
import { makeAuditToken } from '../../src/services/audit-token.ts'
import { makeAuthenticateClient } from '../../src/services/authenticate-client.ts'
import { makeAuthenticate } from '../../src/services/authenticate.ts'
import { makeExchangeToken } from '../../src/services/exchange-token.ts'
import { makeGrantAccess } from '../../src/services/grant-access.ts'
import { makeIntrospectToken } from '../../src/services/introspect-token.ts'
import { makeNarrowGrant } from '../../src/services/narrow-grant.ts'
import { makeNoteRefusal } from '../../src/services/note-refusal.ts'
import type { RecordAudit } from '../../src/services/record-audit.ts'
import { makeRevokeAccess } from '../../src/services/revoke-access.ts'
import { makeRevokeToken } from '../../src/services/revoke-token.ts'
import { makeEgress, type Egress } from '../../src/sources/egress.ts'
import { makeIssuerKeys } from '../../src/sources/issuer-keys.ts'
import { insertClient, updateClient } from '../../src/storage/clients.ts'
import { transaction } from '../../src/storage/db.ts'
import { insertMember, updateMember } from '../../src/storage/members.ts'
import { makeOidcRecords } from '../../src/storage/oidc.ts'
import { makeUseProof } from '../../src/storage/used-proofs.ts'
import { makeVerifyAccessToken } from '../../src/wire/oauth/access-token.ts'
import { makeVerifyDpopProof } from '../../src/wire/oauth/dpop.ts'
import { publicJwks } from '../../src/wire/oauth/jwks.ts'
import { createDatabase, type Scope } from './database.ts'
import { silentLog } from './log.ts'
import { startMinter, type Minter } from './minter.ts'

export const AUDIENCE = 'nhn:samsyn'
export const REDIRECT = 'http://localhost/samsyn/signed-in'
export const PATIENT_ID = '57858550078'
export const CARE = 'samsyn:find samsyn:read-report samsyn:view-images'
const clock = () => new Date()
const ORGNR = '993467049'
const UNIT = '874716782'

export interface PrivateKey extends JsonWebKey {
  readonly kid: string
  readonly alg: 'ES256'
}

export function newKey(): PrivateKey {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  return { ...privateKey.export({ format: 'jwk' }), kid: randomUUID(), alg: 'ES256' }
}

export type ClientName = 'bound' | 'plain'

export interface OauthWorld {
  readonly hub: string
  readonly issuer: StartedIssuer
  /** A second trusted issuer, whose keys the test holds. */
  readonly minter: Minter
  /** Private keys of the clients: `bound` needs DPoP, `plain` is registered for bearer tokens. */
  readonly keys: Readonly<Record<ClientName, PrivateKey>>
  /** The hub's own signing key. */
  readonly signing: PrivateKey
  readonly state: AccessState
  /** What was written to the audit log, in order. */
  readonly logged: readonly AuditRecord[]
  /** Changes a client, or their member, as an operator would; resolves when it is in force. */
  changeClient(name: ClientName, over: Partial<Client>): Promise<void>
  changeMember(over: Partial<Member>): Promise<void>
}

const USERS = [
  {
    username: 'kari',
    password: 'riktig hest',
    name: 'Kari Lege',
    nationalId: '17858550084',
    hpr: '9144900',
    role: 'LE',
  },
  {
    username: 'low',
    password: 'low',
    name: 'Lav Tillit',
    nationalId: '17858550084',
    role: 'LE',
    securityLevel: '3',
  },
]

const MEMBER: Member = {
  id: 'member-1' as OrganizationId,
  orgnr: ORGNR,
  name: 'Sykehus',
  roles: ['clinical', 'publisher'],
  active: true,
}

export async function startOauthWorld(t: Scope): Promise<OauthWorld> {
  const { pool } = await createDatabase(t)
  const keys = { bound: newKey(), plain: newKey() }
  const clients = { bound: clientOf('bound', keys.bound), plain: clientOf('plain', keys.plain) }
  await settle(pool, Object.values(clients))
  const state = await startAccessState({ pool, clock, log: silentLog })
  t.after(() => state.close())

  const issuer = await startIssuer({
    users: USERS,
    clients: Object.values(clients).map(({ id, jwks, dpopBound }) => ({
      ...{ id, jwks, dpopBound },
      orgnrParent: ORGNR,
      orgnrChild: UNIT,
    })),
    audience: AUDIENCE,
    redirectUri: REDIRECT,
    clock,
  })
  t.after(() => issuer.close())
  const minter = await startMinter(t)
  const egress = makeEgress({ allow: ['loopback'] })
  t.after(() => egress.close())
  const server = createServer()
  const hub = await listenLocally(t, server)

  const logged: AuditRecord[] = []
  const world: OauthWorld = {
    ...{ hub, issuer, minter, keys, signing: newKey(), state, logged },
    async changeClient(name, over) {
      await transaction(pool, (db) => updateClient(db, { ...clients[name], ...over }))
      await state.catchUp()
    },
    async changeMember(over) {
      await transaction(pool, (db) => updateMember(db, { ...MEMBER, ...over }))
      await state.catchUp()
    },
  }
  const recordAudit = async (record: AuditRecord) => void logged.push(record)
  server.on('request', makeApp(world, { pool, egress, recordAudit }))
  return world
}

function clientOf(name: ClientName, key: PrivateKey): Client {
  return {
    id: name as ClientId,
    member: MEMBER.id,
    name,
    scope: `${CARE} samsyn:publish`,
    jwks: { keys: publicJwks([key]).keys.map((jwk) => ({ ...jwk })) },
    dpopBound: name === 'bound',
    active: true,
  }
}

async function settle(pool: Pool, clients: readonly Client[]): Promise<void> {
  await transaction(pool, async (db) => {
    await insertMember(db, MEMBER, clock())
    for (const client of clients)
      await insertClient(db, client, { at: clock(), bearerReason: 'a test' })
  })
  const insert = 'insert into patient_identifier (system, value, patient) values ($1, $2, $3)'
  await pool.query(insert, ['urn:oid:2.16.578.1.12.4.1.4.2', PATIENT_ID, 'patient-1'])
}

async function listenLocally(t: Scope, server: Server): Promise<string> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(async () => {
    server.closeAllConnections()
    server.close()
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('Not listening on TCP')
  return `http://localhost:${address.port}`
}

interface Surroundings {
  readonly pool: Pool
  readonly egress: Egress
  readonly recordAudit: RecordAudit
}

function makeApp(world: OauthWorld, { pool, egress, recordAudit }: Surroundings): Express {
  const { hub, issuer, minter, signing, state } = world
  const shared = {
    issuer: hub,
    pool,
    state,
    accessState: state,
    recordAudit,
    verifyAccessToken: makeVerifyAccessToken(publicJwks([signing]), hub),
    verifyDpopProof: makeVerifyDpopProof(),
    useProof: makeUseProof(pool),
    clock,
  }
  const auditToken = makeAuditToken(shared)
  const [profile] = POLICY_PROFILES
  if (profile === undefined) throw new Error('There is no policy profile')
  const trustedIssuers = [issuer, minter].map(({ url }) => ({
    issuer: url,
    audience: AUDIENCE,
    profile: 'helseid' as const,
  }))

  const app = express()
  app.use(requestId())
  app.use(
    oauthRouter({
      ...shared,
      auditToken,
      noteRefusal: makeNoteRefusal(shared),
      signingKeys: [signing],
      records: makeOidcRecords(pool),
      exchangeToken: makeExchangeToken({
        ...shared,
        auditToken,
        trustedIssuers,
        issuerKeys: makeIssuerKeys({ egress, clock }),
        grantAccess: makeGrantAccess({
          ...shared,
          profile,
          sealer: makeSealer(Buffer.alloc(32, 1)),
        }),
        narrowGrant: makeNarrowGrant(shared),
      }),
      authenticateClient: makeAuthenticateClient(shared),
      introspectToken: makeIntrospectToken(shared),
      revokeToken: makeRevokeToken({ ...shared, revokeAccess: makeRevokeAccess(shared) }),
      log: silentLog,
    }),
  )
  app.use('/fhir', bearer({ authenticate: makeAuthenticate(shared), publicUrl: hub }))
  app.all('/fhir/whoami', (req, res) => {
    const principal = principalOf(req)
    res.json({ ...principal, actions: [...principal.actions] })
  })
  app.use(onError)
  return app
}

const onError: ErrorRequestHandler = (error: unknown, _req, res, _next) => {
  const code = error instanceof HubError ? error.code : undefined
  res.status(code === undefined ? 500 : HTTP_STATUS[code]).json({ message: String(error) })
}
