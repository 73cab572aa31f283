/** A token of the hub: for a client with its key, and for the demo's identities, persons among them. */
import { randomUUID } from 'node:crypto'
import { actionsOf } from '../domain/access/scopes.ts'
import { HubError } from '../kernel/errors.ts'
import {
  connectAuthorization,
  type AuthorizedRequest,
  type IssuedToken,
  type OauthIdentity,
  type PrivateJwk,
} from '../sources/authorization-client.ts'
import type { DemoFile } from '../wire/demo-file.ts'
import { ATTEST_TYPE } from '../wire/oauth/attest-claims.ts'
import { IMAGING_TYPE } from '../wire/oauth/authorization-details.ts'
import { nationalIdSystem } from '../wire/oauth/national-id-system.ts'

export interface PersonRequest {
  readonly username: string
  /** National id. */
  readonly patient: string
  readonly purpose: string
  readonly studies: readonly string[]
  readonly breakGlass?: { readonly reason: string; readonly text?: string | undefined } | undefined
}

export interface ObtainedToken {
  readonly token: IssuedToken
  /** Headers of one request with the token. */
  readonly authorize: (request: AuthorizedRequest) => Promise<Record<string, string>>
}

interface Binding {
  /** The key the token is to be bound to; absent: a bearer token, which the client must be registered for. */
  readonly dpopJwk?: PrivateJwk | undefined
}

/** Where the demo's issuer sends a program back to; nothing listens there. */
export const DEMO_REDIRECT_URI = 'http://localhost/samsyn/signed-in'

/** The same of a demo client. */
export async function obtainSystemToken(
  demo: DemoFile,
  request: { readonly clientId: string; readonly scope?: string | undefined },
  binding: Binding = {},
): Promise<ObtainedToken> {
  const client = demo.clients.find(({ client_id: id }) => id === request.clientId)
  if (client === undefined) throw new HubError('invalid', 'demo.json has no such client')
  return obtainClientToken(demo.hub, identityOf(client, binding), request.scope)
}

/** Client credentials (RFC 6749 section 4.4); all registered scopes where none is named. */
export async function obtainClientToken(
  hub: string,
  identity: OauthIdentity,
  scope?: string,
): Promise<ObtainedToken> {
  const server = await connectAuthorization(hub, identity)
  const token = await server.clientCredentialsToken(scope)
  return { token, authorize: (call) => server.authorize(token, call) }
}

/** Signs the person in at the demo's issuer with an attest, and exchanges what that gives (RFC 8693). */
export async function obtainPersonToken(
  demo: DemoFile,
  request: PersonRequest,
  binding: Binding = {},
): Promise<ObtainedToken> {
  return exchangeForHub(demo, request, await signInPerson(demo, request, binding))
}

/** The issuer's token, with the attest in it, and who it was given to. */
export interface SignedIn {
  readonly subjectToken: string
  readonly identity: OauthIdentity
  readonly patient: Patient
}

export async function signInPerson(
  demo: DemoFile,
  request: PersonRequest,
  binding: Binding = {},
): Promise<SignedIn> {
  const user = demo.users.find(({ username }) => username === request.username)
  if (user === undefined) throw new HubError('invalid', 'demo.json has no such user')
  const identity = identityOf(careClientOf(demo, user.member), binding)
  const patient = {
    value: request.patient,
    system:
      demo.patients.find(({ national_id: id }) => id === request.patient)?.national_id_system ??
      nationalIdSystem(request.patient),
  }
  const issuer = await connectAuthorization(demo.issuer, identity)
  const { accessToken } = await issuer.signIn({
    username: user.username,
    password: user.password,
    redirectUri: DEMO_REDIRECT_URI,
    scope: 'openid profile',
    authorizationDetails: [attestDetail(request.purpose, patient)],
  })
  return { subjectToken: accessToken, identity, patient }
}

export async function exchangeForHub(
  demo: DemoFile,
  request: PersonRequest,
  { subjectToken, identity, patient }: SignedIn,
): Promise<ObtainedToken> {
  const hub = await connectAuthorization(demo.hub, identity)
  const token = await hub.exchangeToken(subjectToken, [imagingDetail(request, patient)])
  return { token, authorize: (call) => hub.authorize(token, call) }
}

type DemoClient = DemoFile['clients'][number]

function identityOf(
  { client_id: clientId, private_jwk: privateJwk }: DemoClient,
  { dpopJwk }: Binding,
) {
  return { clientId, privateJwk, dpopJwk }
}

/** The system the person works in: the one of the member that may see images but not publish them. */
function careClientOf({ clients }: DemoFile, member: string): DemoClient {
  const caring = clients
    .filter((client) => client.member === member)
    .map((client) => ({ client, actions: actionsOf(client.scope) }))
    .filter(({ actions }) => actions.has('view-images'))
  const found = caring.find(({ actions }) => !actions.has('publish')) ?? caring[0]
  if (found === undefined)
    throw new HubError('invalid', 'demo.json has no client for this person’s care')
  return found.client
}

interface Patient {
  readonly system: string
  readonly value: string
}

/** What the issuer does not know of itself: the care relationship and whom it is with. */
function attestDetail(purpose: string, patient: Patient): object {
  return {
    type: ATTEST_TYPE,
    care_relationship: {
      healthcare_service: { code: 'S03', system: 'urn:oid:2.16.578.1.12.4.1.1.8655' },
      purpose_of_use: { code: purpose, system: 'urn:oid:2.16.840.1.113883.1.11.20448' },
      decision_ref: { id: randomUUID(), user_selected: purpose === 'BTG' },
    },
    patients: [{ identifier: { id: patient.value, system: patient.system } }],
  }
}

function imagingDetail({ purpose, studies, breakGlass }: PersonRequest, patient: Patient): object {
  return {
    type: IMAGING_TYPE,
    identifier: `${patient.system}|${patient.value}`,
    purpose,
    ...(studies.length > 0 && { studies }),
    ...(breakGlass !== undefined && { break_glass: breakGlass }),
  }
}
