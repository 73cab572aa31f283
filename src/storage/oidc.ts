/** What the authorization server's library keeps, in one table: its storage port, record by record. */
import type { Db } from './db.ts'

/** A record as the library hands it over; its own members are the library's business. */
export type OidcPayload = Record<string, unknown>

export interface OidcRecords {
  find(id: string): Promise<OidcPayload | undefined>
  findByUid(uid: string): Promise<OidcPayload | undefined>
  findByUserCode(code: string): Promise<OidcPayload | undefined>
  /** `expiresIn` in seconds; absent: kept for good. */
  upsert(id: string, payload: OidcPayload, expiresIn?: number): Promise<void>
  consume(id: string): Promise<void>
  destroy(id: string): Promise<void>
  revokeByGrantId(grantId: string): Promise<void>
}

const LIVE = `kind = $1 and (expires_at is null or expires_at > now())`
const RECORD = `select payload, extract(epoch from consumed_at)::int as consumed from oidc`
const FIND = `${RECORD} where ${LIVE} and id = $2`
const FIND_BY_UID = `${RECORD} where ${LIVE} and uid = $2`
const FIND_BY_USER_CODE = `${RECORD} where ${LIVE} and user_code = $2`

const UPSERT = `
  insert into oidc (kind, id, payload, grant_id, user_code, uid, expires_at)
  values ($1, $2, $3, $4, $5, $6, now() + make_interval(secs => $7))
  on conflict (kind, id) do update set
    payload = excluded.payload, grant_id = excluded.grant_id, user_code = excluded.user_code,
    uid = excluded.uid, expires_at = excluded.expires_at`

const CONSUME = `update oidc set consumed_at = now() where kind = $1 and id = $2`
const DESTROY = `delete from oidc where kind = $1 and id = $2`
const REVOKE = `delete from oidc where grant_id = $1`

/** `kind` is the library's name of the record type, as `Session` or `AuthorizationCode`. */
export function makeOidcRecords(db: Db): (kind: string) => OidcRecords {
  return (kind) => {
    const one = async (statement: string, value: string): Promise<OidcPayload | undefined> => {
      const { rows } = await db.query<Row>(statement, [kind, value])
      const [row] = rows
      if (row === undefined) return undefined
      return row.consumed === null ? row.payload : { ...row.payload, consumed: row.consumed }
    }
    return {
      find: (id) => one(FIND, id),
      findByUid: (uid) => one(FIND_BY_UID, uid),
      findByUserCode: (code) => one(FIND_BY_USER_CODE, code),
      async upsert(id, payload, expiresIn) {
        const { grantId, userCode, uid } = payload
        await db.query(UPSERT, [kind, id, payload, grantId, userCode, uid, expiresIn ?? null])
      },
      async consume(id) {
        await db.query(CONSUME, [kind, id])
      },
      async destroy(id) {
        await db.query(DESTROY, [kind, id])
      },
      async revokeByGrantId(grantId) {
        await db.query(REVOKE, [grantId])
      },
    }
  }
}

interface Row {
  readonly payload: OidcPayload
  readonly consumed: number | null
}

const SWEEP = `delete from oidc where expires_at < $1`

/** Removes records that ended before `at`; resolves to how many. */
export async function sweepOidcRecords(db: Db, at: Date): Promise<number> {
  const { rowCount } = await db.query(SWEEP, [at])
  return rowCount ?? 0
}
