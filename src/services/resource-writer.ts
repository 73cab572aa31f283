/** How one type that is written over FHIR becomes a row, and what its writing brings along. */
import type { PoolClient } from 'pg'
import type { Action } from '../domain/access/principal.ts'
import type { JsonObject } from '../wire/fhir/json.ts'
import type { DeleteRequest, ToRow, WriteCondition, WrittenRow } from './write-request.ts'

export interface ResourceWriter {
  /** What it takes to write the type; a row outside the filter of its permit is not there for the caller. */
  readonly action: Action
  readonly toRow: ToRow
  /** A contribution of a member's, which the hub says so of in a Provenance. */
  readonly contributed: boolean
  /** In the same transaction, once the row is written, or deleted. */
  readonly after?: (db: PoolClient, written: WrittenRow) => Promise<void>
  /**
   * In the same transaction, before the row is deleted; throws `conflict` where it has to stay. `kept`: what was
   * asked for is done, and the row stays.
   */
  readonly beforeDelete?: (
    db: PoolClient,
    request: DeleteRequest,
  ) => Promise<void> | Promise<'kept' | undefined>
  /**
   * Ids that a condition matches, at most two of them; absent where the search's own matches among the
   * rows that the permit's filter shows are meant.
   */
  readonly match?: (db: PoolClient, condition: WriteCondition) => Promise<readonly string[]>
  /** The id that a new one gets, where its content says; the hub makes one else. */
  readonly idOf?: (resource: JsonObject) => string | undefined
  /** The id in a body that a condition finds its place for is the sender's own, and says nothing here. */
  readonly hasSendersIds?: true
}
