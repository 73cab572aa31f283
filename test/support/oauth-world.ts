/** The hub's authorization server on a socket, a HelseID-like issuer beside it, and one guarded address. */
import { generateKeyPairSync, randomUUID, type JsonWebKey } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import express, { type ErrorRequestHandler } from 'express'
import { startIssuer, type StartedIssuer } from '../../src/demo/issuer.ts'
import { checkAttest } from '../../src/domain/access/check-attest.ts'
import type { Grant } from '../../src/domain/access/grant.ts'
import type { Client, Member } from '../../src/domain/access/network.ts'
import { bearer } from '../../src/faces/bearer.ts'
import { HTTP_STATUS } from '../../src/faces/http-status.ts'
import { oauthRouter } from '../../src/faces/oauth/router.ts'
import { requestId } from '../../src/faces/request-id.ts'
import { principalOf } from '../../src/faces/request-state.ts'
import { HubError } from '../../src/kernel/errors.ts'
import type { ClientId, GrantId, OrganizationId, PatientId } from '../../src/kernel/ids.ts'
import type { GrantAccess, NarrowGrant } from '../../src/services/grant-access.ts'
import { makeAuthenticateClient } from '../../src/services/authenticate-client.ts'
import { makeAuthenticate } from '../../src/services/authenticate.ts'
import { makeExchangeToken } from '../../src/services/exchange-token.ts'
import { makeIntrospectToken } from '../../src/services/introspect-token.ts'
import { makeRevokeToken } from '../../src/services/revoke-token.ts'
import { makeEgress } from '../../src/sources/egress.ts'
import { makeIssuerKeys } from '../../src/sources/issuer-keys.ts'
import { makeOidcRecords } from '../../src/storage/oidc.ts'
import { makeUseProof } from '../../src/storage/used-proofs.ts'
import { makeVerifyAccessToken } from '../../src/wire/oauth/access-token.ts'
import { publicJwks } from '../../src/wire/oauth/jwks.ts'
import { createDatabase, type Scope } from './database.ts'
import { silentLog } from './log.ts'
import { startMinter, type Minter } from './minter.ts'

export const AUDIENCE = 'nhn:samsyn'
export const REDIRECT = 'http://localhost/samsyn/signed-in'
export const PATIENT_ID = '57858550078'
export const CARE = 'samsyn:find samsyn:read-report samsyn:view-images'
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

export interface OauthWorld {
  readonly hub: string
  readonly issuer: StartedIssuer
  /** A second trusted issuer, whose keys the test holds. */
  readonly minter: Minter
  /** Keys of the clients below, private. */
  readonly keys: { readonly bound: PrivateKey; readonly plain: PrivateKey }
  /** The hub's own signing key. */
  readonly signing: PrivateKey
  readonly clients: Map<string, Client>
  readonly members: Map<string, Member>
  readonly grants: Map<string, Grant>
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

/** Client `bound` needs DPoP; client `plain` is registered for bearer tokens. */
export async function startOauthWorld(t: Scope): Promise<OauthWorld> {
  const { pool } = await createDatabase(t)
  const keys = { bound: newKey(), plain: newKey() }
  const signing = newKey()
  const member = 'member-1' as OrganizationId
  const members = new Map<string, Member>([
    [member, { id: member, orgnr: ORGNR, name: 'Sykehus', roles: ['clinical'], active: true }],
  ])
  const clients = new Map<string, Client>(
    Object.entries(keys).map(([name, key]) => [
      name,
      {
        id: name as ClientId,
        member,
        name,
        scope: `${CARE} samsyn:publish`,
        jwks: { keys: publicJwks([key]).keys.map((jwk) => ({ ...jwk })) },
        dpopBound: name === 'bound',
        active: true,
      },
    ]),
  )
  const grants = new Map<string, Grant>()
  const issuer = await startIssuer({
    users: USERS,
    clients: [...clients.values()].map((client) => ({
      id: client.id,
      jwks: client.jwks,
      orgnrParent: ORGNR,
      orgnrChild: UNIT,
      dpopBound: client.dpopBound,
    })),
    audience: AUDIENCE,
    redirectUri: REDIRECT,
    clock: () => new Date(),
  })
  t.after(() => issuer.close())
  const minter = await startMinter(t)

  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(async () => {
    server.closeAllConnections()
    server.close()
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('Not listening on TCP')
  const hub = `http://localhost:${address.port}`
  const egress = makeEgress({ allow: ['loopback'] })
  t.after(() => egress.close())
  const world = { hub, issuer, minter, keys, signing, clients, members, grants }
  server.on('request', makeApp(world, pool, egress))
  return world
}

function makeApp(
  world: OauthWorld,
  pool: Awaited<ReturnType<typeof createDatabase>>['pool'],
  egress: ReturnType<typeof makeEgress>,
) {
  const clock = () => new Date()
  const { hub, issuer, minter, signing } = world
  const revoked = new Set<string>()
  const accessState = {
    client: (id: string) => world.clients.get(id),
    member: (id: string) => world.members.get(id),
    grant: async (id: string) => world.grants.get(id),
    isRevoked: (id: string) => revoked.has(id),
  }
  const verifyAccessToken = makeVerifyAccessToken(publicJwks([signing]), hub)
  const useProof = makeUseProof(pool)
  const shared = { issuer: hub, accessState, verifyAccessToken, useProof, clock }

  const app = express()
  app.use(requestId())
  app.use(
    oauthRouter({
      ...shared,
      signingKeys: [signing],
      records: makeOidcRecords(pool),
      exchangeToken: makeExchangeToken({
        ...shared,
        trustedIssuers: [issuer, minter].map(({ url }) => ({
          issuer: url,
          audience: AUDIENCE,
          profile: 'helseid' as const,
        })),
        issuerKeys: makeIssuerKeys({ egress, clock }),
        ...granting(world),
      }),
      authenticateClient: makeAuthenticateClient(shared),
      introspectToken: makeIntrospectToken(shared),
      revokeToken: makeRevokeToken({
        ...shared,
        rememberRevoked: async (tokenId) => void revoked.add(tokenId),
        revokeGrant: async (id) => {
          const grant = world.grants.get(id)
          if (grant !== undefined) world.grants.set(id, { ...grant, revokedAt: clock() })
        },
      }),
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

function granting(world: OauthWorld) {
  const store = (grant: Grant): Grant => {
    world.grants.set(grant.id, grant)
    return grant
  }
  const grantAccess: GrantAccess = async ({ client, person, attest, ...request }) => {
    const now = new Date()
    const patient = request.patient.kind === 'identifier' ? request.patient.identifier : undefined
    checkAttest(attest, person, { now, purpose: request.purpose, patient })
    return store({
      id: randomUUID() as GrantId,
      client,
      member: 'member-1' as OrganizationId,
      unit: attest.pointOfCare,
      practitioner: { handle: 'handle-of-kari', name: person.name, hprNumber: person.hprNumber },
      patient: 'patient-1' as PatientId,
      purpose: attest.purpose,
      decisionRef: attest.decisionRef,
      actions: request.actions,
      studies: request.studies,
      issuedAt: now,
      expiresAt: new Date(attest.toa.getTime() + 3_600_000),
    })
  }
  const narrowGrant: NarrowGrant = async (parent, { actions, studies, expiresAt }) => {
    const held = parent.studies
    const wider =
      actions?.some((action) => !parent.actions.includes(action)) === true ||
      (held !== undefined && studies?.some((study) => !held.includes(study)) === true)
    if (wider) throw new HubError('invalid', 'wider', { reason: 'invalid_authorization_details' })
    return store({
      ...parent,
      id: randomUUID() as GrantId,
      actions: actions ?? parent.actions,
      studies: studies ?? held,
      expiresAt: expiresAt ?? parent.expiresAt,
    })
  }
  return { grantAccess, narrowGrant }
}
