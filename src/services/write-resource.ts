/** The part of a create that runs inside a transaction, alone or as one entry among several. */
import type { PoolClient } from 'pg'
import { HubError } from '../kernel/errors.ts'
import { lockKey } from '../storage/lock-key.ts'
import { searchResources, type FoundResource } from '../storage/resource-search.ts'
import { putResource, readResource, type NewResource } from '../storage/resources.ts'
import type { JsonObject } from '../wire/fhir/json.ts'
import type { Search } from '../wire/fhir/search.ts'
import type { Access } from './authorize.ts'
import { putProvenance } from './put-provenance.ts'
import type { ResourceWriter } from './resource-writers.ts'
import type { WriteRequest } from './write-request.ts'

export interface CreatedResource {
  readonly type: string
  readonly id: string
  readonly version: number
  readonly lastUpdated: Date
  /** JSON text as served. */
  readonly content: string
  /** False where `If-None-Exist` found it. */
  readonly created: boolean
}

/** Writes the resource and its Provenance. `provenanceId` is the id the latter gets. */
export async function writeResource(
  db: PoolClient,
  writer: ResourceWriter,
  request: WriteRequest & { readonly provenanceId: string },
): Promise<CreatedResource> {
  const row = await writer.toRow(db, request)
  await putResource(db, row, { method: 'POST' })
  if (writer.contributed) await tellContributor(db, row, request)
  return readBack(db, row.type, row.id, true)
}

async function tellContributor(
  db: PoolClient,
  { type, id, facts, quarantined }: NewResource,
  { access, at, provenanceId }: WriteRequest & { readonly provenanceId: string },
): Promise<void> {
  const { client, member } = access.principal
  await putProvenance(
    db,
    { target: `${type}/${id}`, recorded: at, member, client, activity: 'CREATE' },
    { id: provenanceId, facts, quarantined },
  )
}

async function readBack(
  db: PoolClient,
  type: string,
  id: string,
  created: boolean,
): Promise<CreatedResource> {
  const stored = await readResource(db, type, id)
  if (stored?.content === undefined || stored.content === null) {
    throw new Error(`${type} is not there after it was written`)
  }
  return { ...stored, content: stored.content, created }
}

/**
 * What `If-None-Exist` finds among the caller's own (R4 http, section 3.1.0.8.1): undefined where the
 * create goes ahead. Throws `precondition-failed` where several match.
 */
export async function findExisting(
  db: PoolClient,
  access: Access,
  search: Search | undefined,
): Promise<CreatedResource | undefined> {
  if (search === undefined) return undefined
  // Two creates with one condition wait for each other, or both would find nothing.
  await lockKey(db, JSON.stringify([access.principal.member, search.type, search.understood]))
  const page = await searchResources(db, {
    search: { ...search, count: 2 },
    visibility: new Map([[search.type, access.filter]]),
  })
  const [first, ...others] = page.matches
  if (others.length > 0) throw new HubError('precondition-failed', 'If-None-Exist matches several')
  return first && readBack(db, ...nameOf(first), false)
}

function nameOf({ type, id }: FoundResource): [string, string] {
  return [type, id]
}

/** What a client may not decide: ids and versions are the hub's. */
export function withoutIdentity(resource: JsonObject): JsonObject {
  const { id: _id, ...rest } = resource
  return rest
}
