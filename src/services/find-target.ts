/** The one resource that an update, patch or delete means, held until its transaction ends. */
import type { PoolClient } from 'pg'
import { HubError } from '../kernel/errors.ts'
import { lockCurrentRow, type CurrentRow } from '../storage/current-row.ts'
import type { JsonObject } from '../wire/fhir/json.ts'
import type { Search } from '../wire/fhir/search.ts'
import type { Access } from './authorize.ts'
import { matchCondition } from './match-condition.ts'
import type { ResourceWriter } from './resource-writers.ts'

export type WriteTarget = { readonly id: string } | { readonly search: Search }

export interface TargetQuestion {
  readonly writer: ResourceWriter
  readonly access: Access
  readonly type: string
  readonly target: WriteTarget
  /** What is to be written. */
  readonly resource?: JsonObject | undefined
}

/**
 * Undefined where a search matches none. Throws `not-found` for an id of nothing, or of nothing of the
 * caller's: the two are one answer; `precondition-failed` where a search matches several.
 */
export async function findTarget(
  db: PoolClient,
  { writer, access, type, target, resource }: TargetQuestion,
): Promise<CurrentRow | undefined> {
  const isSearch = 'search' in target
  const id = isSearch
    ? await matchCondition(db, writer, { access, search: target.search, resource })
    : target.id
  if (id === undefined) return undefined
  const row = await lockCurrentRow(db, { type, id }, access.filter)
  if (row === undefined && !isSearch) throw notYours(type)
  // What matched has been deleted meanwhile.
  return isSearch && row?.content === null ? undefined : row
}

export function notYours(type: string): HubError {
  return new HubError('not-found', `There is no such ${type} of yours`)
}

/** The target as the log shows it. */
export function targetText(type: string, target: WriteTarget): string {
  return 'id' in target ? `${type}/${target.id}` : `${type}?…`
}
