/** Tokens that were revoked before their time. */
import type { PoolClient } from 'pg'
import { announceChanges } from './access-changes.ts'
import type { Db } from './db.ts'

const REMEMBER = `
insert into revoked_token (jti, expires_at) values ($1, $2) on conflict (jti) do nothing`

/** Remembered until `expiresAt`, when the token is dead by itself. */
export async function rememberRevoked(
  db: PoolClient,
  tokenId: string,
  expiresAt: Date,
): Promise<void> {
  await db.query(REMEMBER, [tokenId, expiresAt])
  await announceChanges(db, [{ kind: 'token', key: tokenId }])
}

const LIST = `select jti from revoked_token where expires_at > $1`

export async function listRevokedTokens(db: Db, at: Date): Promise<readonly string[]> {
  const { rows } = await db.query<{ jti: string }>(LIST, [at])
  return rows.map(({ jti }) => jti)
}

const SWEEP = 'delete from revoked_token where expires_at <= $1'

/** Forgets tokens that are dead by themselves; returns how many. */
export async function sweepRevokedTokens(db: Db, at: Date): Promise<number> {
  const { rowCount } = await db.query(SWEEP, [at])
  return rowCount ?? 0
}
