/** Hosts that a client may be called back at, as an operator registered them. */
import type { Db } from './db.ts'

const LIST = `select host from client_hook where client = $1 order by host`

/** `host:port`, in lower case. */
export async function listClientHooks(db: Db, client: string): Promise<readonly string[]> {
  const { rows } = await db.query<{ host: string }>(LIST, [client])
  return rows.map(({ host }) => host)
}

const ADD = `
insert into client_hook (client, host, added_at) values ($1, $2, $3) on conflict do nothing`

export async function addClientHook(
  db: Db,
  { client, host, at }: { readonly client: string; readonly host: string; readonly at: Date },
): Promise<void> {
  await db.query(ADD, [client, host, at])
}

const REMOVE = `delete from client_hook where client = $1 and host = $2`

/** Returns whether it was there. */
export async function removeClientHook(db: Db, client: string, host: string): Promise<boolean> {
  const { rowCount } = await db.query(REMOVE, [client, host])
  return rowCount === 1
}
