/** What a condition of a create, update or delete matches among what the caller may write (R4 http, section 3.1.0.8). */
import type { PoolClient } from 'pg'
import { HubError } from '../kernel/errors.ts'
import { lockKey } from '../storage/lock-key.ts'
import { searchResources } from '../storage/resource-search.ts'
import type { ResourceWriter } from './resource-writers.ts'
import type { WriteCondition } from './write-request.ts'

/**
 * The one match's id, or undefined where there is none; throws `precondition-failed` where there are
 * several. Two writers with one condition wait for each other, or both would find nothing.
 */
export async function matchCondition(
  db: PoolClient,
  writer: ResourceWriter,
  condition: WriteCondition,
): Promise<string | undefined> {
  const { access, search } = condition
  await lockKey(db, JSON.stringify([access.principal.member, search.type, search.understood]))
  const ids = await (writer.match?.(db, condition) ?? matchOwn(db, condition))
  const [first, ...others] = ids
  if (others.length > 0)
    throw new HubError('precondition-failed', 'The condition matches several resources')
  return first
}

async function matchOwn(
  db: PoolClient,
  { access, search }: WriteCondition,
): Promise<readonly string[]> {
  const page = await searchResources(db, {
    search: { ...search, count: 2, sort: [], include: [], revinclude: [] },
    visibility: new Map([[search.type, access.filter]]),
  })
  return page.matches.map(({ id }) => id)
}
