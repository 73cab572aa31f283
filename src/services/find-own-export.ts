/** An export as its own client finds it: anyone else's is not there. */
import type { Principal } from '../domain/access/principal.ts'
import type { Clock } from '../kernel/clock.ts'
import { HubError } from '../kernel/errors.ts'
import type { Db } from '../storage/db.ts'
import { findExport, type StoredExport } from '../storage/exports.ts'

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/** Throws `not-found` for another client's or grant's, and for one that is over. */
export async function findOwnExport(
  { db, clock }: { readonly db: Db; readonly clock: Clock },
  { client, member, grant }: Principal,
  id: string,
): Promise<StoredExport> {
  const found = UUID.test(id) ? await findExport(db, id) : undefined
  const isOwn = found?.client === client && found.member === member && found.grant === grant
  if (found === undefined || !isOwn || found.expiresAt <= clock())
    throw new HubError('not-found', 'No such export')
  return found
}
