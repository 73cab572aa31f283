/** Registering clients, changing their keys, ending their access. */
import { createHash, generateKeyPairSync, randomUUID } from 'node:crypto'
import type { Client } from '../domain/access/network.ts'
import { scopeTokens } from '../domain/access/scopes.ts'
import { HubError } from '../kernel/errors.ts'
import type { ClientId } from '../kernel/ids.ts'
import { insertClient, listClients, updateClient } from '../storage/clients.ts'
import type { Db } from '../storage/db.ts'
import { revokeGrants } from '../storage/grants.ts'
import { administer, lookAt, type AdministerDeps } from './administer.ts'
import type { Administration, PrivateJwk } from './administration.ts'
import { requireMember } from './manage-members.ts'

type ManageClients = Pick<
  Administration,
  'addClient' | 'listClients' | 'rotateClient' | 'disableClient'
>

export function makeManageClients(deps: AdministerDeps): ManageClients {
  return {
    addClient: (request, by) =>
      administer(deps, by, async (db, at) => {
        const member = await requireMember(db, request.member)
        const { jwks, privateJwk } = keysOf(request.jwks)
        const { bearerReason } = request
        const client: Client = {
          id: request.id ?? newId(),
          member: member.id,
          name: request.name,
          scope: scopeTokens(request.scope).join(' '),
          jwks,
          dpopBound: bearerReason === undefined,
          active: true,
        }
        await insertClient(db, client, { at, bearerReason })
        return { act: actOf('client-added', client), result: { client, privateJwk } }
      }),
    listClients: (by) => lookAt(deps, by, { verb: 'clients-listed' }, () => listClients(deps.pool)),
    rotateClient: (id, given, by) =>
      administer(deps, by, async (db) => {
        const { jwks, privateJwk } = keysOf(given)
        const client = { ...(await requireClient(db, id)), jwks }
        await updateClient(db, client)
        return { act: actOf('client-rotated', client), result: { client, privateJwk } }
      }),
    disableClient: (id, by) =>
      administer(deps, by, async (db, at) => {
        const client = { ...(await requireClient(db, id)), active: false }
        await updateClient(db, client)
        await revokeGrants(db, { kind: 'client', id: client.id }, at)
        return { act: actOf('client-disabled', client), result: client }
      }),
  }
}

const newId = (): ClientId => randomUUID() as ClientId

const actOf = (verb: string, { id, member }: Client) => ({ verb, member, subject: `client ${id}` })

async function requireClient(db: Db, id: string): Promise<Client> {
  const client = (await listClients(db)).find((one) => one.id === id)
  if (client === undefined) throw new HubError('not-found', `There is no client ${id}`)
  return client
}

interface Keys {
  readonly jwks: Client['jwks']
  readonly privateJwk?: PrivateJwk | undefined
}

/** The keys given, or a new ES256 pair whose private half is handed out and forgotten. */
function keysOf(given: Client['jwks'] | undefined): Keys {
  if (given !== undefined) return { jwks: given }
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const { kty, crv, x, y, d } = privateKey.export({ format: 'jwk' })
  // RFC 7638: required members only, in this order.
  const thumbprint = createHash('sha256').update(JSON.stringify({ crv, kty, x, y }))
  const named = { kid: thumbprint.digest('base64url'), alg: 'ES256', use: 'sig' }
  const publicKey = { kty, crv, x, y, ...named }
  return { jwks: { keys: [publicKey] }, privateJwk: { ...publicKey, d } }
}
