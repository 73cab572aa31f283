/** Setting up the network in a hub: members, clients and sources, as an operator would. Safe to repeat. */
import type { Administration, Operator } from '../services/administration.ts'
import {
  newClientSchema,
  newMemberSchema,
  newSourceSchema,
  parseRequest,
} from '../wire/admin/requests.ts'
import { publicPart, type ClientKeys } from './demo-keys.ts'
import { CLIENTS, MEMBERS, SOURCES, type DemoSource } from './world.ts'

export interface SeedRequest {
  readonly administration: Administration
  readonly keys: ClientKeys
  /** Where each source's archive listens, by the source's key. */
  readonly archives: ReadonlyMap<string, string>
  readonly credentials: { readonly username: string; readonly password: string }
  readonly say: (line: string) => void
}

const OPERATOR: Operator = { context: { requestId: 'demo-seed', channel: 'demo' } }
/** Tokens of the demo are for curl too, which cannot sign a proof for each request. */
const BEARER_REASON = 'Demo: tokens are tried out with curl'
const DEFAULT_ISSUER = 'urn:oid:2.16.578.1.12.4.1.4.1'

export async function seedNetwork(request: SeedRequest): Promise<void> {
  await seedMembers(request)
  await seedClients(request)
  for (const source of SOURCES) await seedSource(request, source)
}

async function seedMembers({ administration }: SeedRequest): Promise<void> {
  const known = new Set((await administration.listMembers(OPERATOR)).map(({ id }) => String(id)))
  for (const { key: id, name, orgnr, roles } of MEMBERS) {
    if (known.has(id)) continue
    const member = parseRequest(newMemberSchema, { id, name, orgnr, roles: [...roles] })
    await administration.addMember(member, OPERATOR)
  }
}

/** A client whose key was lost with demo.json gets the new one. */
async function seedClients({ administration, keys }: SeedRequest): Promise<void> {
  const known = new Map(
    (await administration.listClients(OPERATOR)).map((one) => [String(one.id), one]),
  )
  for (const { id, member, name, scope } of CLIENTS) {
    const key = keys.get(id)
    if (key === undefined) throw new Error(`The demo has no key for ${id}`)
    const jwks = { keys: [publicPart(key)] }
    const existing = known.get(id)
    if (existing === undefined) {
      const client = { id, member, name, scope, jwks, bearer_reason: BEARER_REASON }
      await administration.addClient(parseRequest(newClientSchema, client), OPERATOR)
    } else if (!existing.jwks.keys.some(({ kid }) => kid === key.kid))
      await administration.rotateClient(id, jwks, OPERATOR)
  }
}

async function seedSource(request: SeedRequest, source: DemoSource): Promise<void> {
  const { administration, archives, credentials, say } = request
  const url = archives.get(source.key)
  if (url === undefined) throw new Error(`The demo has no archive for ${source.key}`)
  const known = (await administration.listSources(OPERATOR)).find(
    ({ id }) => String(id) === source.key,
  )
  if (known === undefined) {
    const record = {
      id: source.key,
      custodian: source.custodian,
      name: source.name,
      url,
      credentials: { kind: 'basic', ...credentials },
      ...(!source.namesIssuer && { default_issuer: DEFAULT_ISSUER }),
    }
    await administration.addSource(parseRequest(newSourceSchema, record), OPERATOR)
  } else if (known.url !== url) await administration.moveSource(source.key, url, OPERATOR)
  if (known !== undefined && known.lastSyncFinished !== null && known.lastSyncError === null) return
  const { studies, instances } = await administration.syncSource(source.key, {}, OPERATOR)
  say(`${source.name}: ${studies} studies, ${instances} instances indexed`)
}
