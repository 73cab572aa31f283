/** What it takes to write or delete one resource for a caller that may, and what became of it. */
import type { PoolClient } from 'pg'
import type { ObjectFacts } from '../domain/access/filter.ts'
import type { ReportStatus } from '../domain/imaging/report.ts'
import type { CurrentRow } from '../storage/current-row.ts'
import type { NewResource } from '../storage/resources.ts'
import type { JsonObject } from '../wire/fhir/json.ts'
import type { Search } from '../wire/fhir/search.ts'
import type { Access } from './authorize.ts'
import type { RequestContext } from './record-audit.ts'

/** What a step of a request knows of the request as a whole. */
export interface InRequest {
  readonly context: RequestContext
}

export interface WriteRequest extends InRequest {
  readonly access: Access
  /** Valid, without a say on its own id. */
  readonly resource: JsonObject
  readonly id: string
  readonly at: Date
  /** The FHIR base address, for absolute references to the hub's own. */
  readonly base: string
  /** For an update: the row as it is, locked, and the caller's own. Its content is null once deleted. */
  readonly previous?: CurrentRow | undefined
  /** For a study: of the reports on it that the same transaction files next (expected-reports.ts). */
  readonly reports?: readonly ReportStatus[] | undefined
}

/** What a write names its target by, among all that the caller may write. */
export interface WriteCondition {
  readonly access: Access
  readonly search: Search
  /** What is to be written; absent where something is to be deleted or patched. */
  readonly resource?: JsonObject | undefined
}

/** Runs in the caller's transaction; throws `unprocessable` with what does not fit. */
export type ToRow = (db: PoolClient, request: WriteRequest) => Promise<NewResource>

export interface DeleteRequest {
  readonly access: Access
  readonly previous: CurrentRow
  /** The condition that found it; absent where it was named by its id. */
  readonly search?: Search | undefined
  readonly at: Date
}

/** What has been written, or deleted, in the transaction that goes on. */
export interface WrittenRow {
  readonly access: Access
  readonly type: string
  readonly id: string
  readonly version: number
  readonly method: 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  readonly facts: ObjectFacts
  /** As it is stored now; absent once deleted. */
  readonly resource?: JsonObject | undefined
  readonly at: Date
  /** Absent for a create. */
  readonly previous?: CurrentRow | undefined
}
