/** Where clients may be called back: hosts that an operator registers, one client at a time. */
import type { Client } from '../domain/access/network.ts'
import { HubError } from '../kernel/errors.ts'
import { addClientHook, listClientHooks, removeClientHook } from '../storage/client-hooks.ts'
import { listClients } from '../storage/clients.ts'
import type { Db } from '../storage/db.ts'
import { administer, lookAt, type AdministerDeps } from './administer.ts'
import type { Administration } from './administration.ts'

type ManageClientHooks = Pick<
  Administration,
  'listClientHooks' | 'addClientHook' | 'removeClientHook'
>

export function makeManageClientHooks(deps: AdministerDeps): ManageClientHooks {
  return {
    listClientHooks: (id, by) =>
      lookAt(deps, by, { verb: 'client-hooks-listed', subject: `client ${id}` }, async () => {
        await requireClient(deps.pool, id)
        return listClientHooks(deps.pool, id)
      }),
    addClientHook: (id, text, by) =>
      administer(deps, by, async (db, at) => {
        const { member } = await requireClient(db, id)
        const host = parseHost(text)
        await addClientHook(db, { client: id, host, at })
        const act = { verb: 'client-hook-added', member, subject: `client ${id} at ${host}` }
        return { act, result: await listClientHooks(db, id) }
      }),
    removeClientHook: (id, text, by) =>
      administer(deps, by, async (db) => {
        const { member } = await requireClient(db, id)
        const host = parseHost(text)
        if (!(await removeClientHook(db, id, host)))
          throw new HubError('not-found', `${host} is not registered for this client`)
        const act = { verb: 'client-hook-removed', member, subject: `client ${id} at ${host}` }
        return { act, result: await listClientHooks(db, id) }
      }),
  }
}

async function requireClient(db: Db, id: string): Promise<Client> {
  const client = (await listClients(db)).find((one) => one.id === id)
  if (client === undefined) throw new HubError('not-found', `There is no client ${id}`)
  return client
}

function parseHost(text: string): string {
  const url = /^[^/?#@\s]+$/.test(text) ? URL.parse(`https://${text}`) : null
  if (url === null) throw new HubError('invalid', `Not host:port: ${text}`)
  return `${url.hostname.toLowerCase()}:${url.port === '' ? 443 : url.port}`
}
