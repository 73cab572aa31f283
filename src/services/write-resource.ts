/** The parts of create, update and delete that run inside a transaction, alone or as one entry among several. */
import type { PoolClient } from 'pg'
import { HubError } from '../kernel/errors.ts'
import type { CurrentRow } from '../storage/current-row.ts'
import { putResource, readResource, storedText, type NewResource } from '../storage/resources.ts'
import { relativeReferences } from '../wire/fhir/bundle-references.ts'
import { subjectElement } from '../wire/fhir/clinical-links.ts'
import type { JsonObject } from '../wire/fhir/json.ts'
import type { VersionMatch } from '../wire/fhir/version-match.ts'
import { putContributed } from './put-provenance.ts'
import type { ResourceWriter } from './resource-writers.ts'
import type { DeleteRequest, WriteRequest } from './write-request.ts'

export interface CreatedResource {
  readonly type: string
  readonly id: string
  readonly version: number
  readonly lastUpdated: Date
  /** JSON text as served. */
  readonly content: string
  /** False where it was there before. */
  readonly created: boolean
}

export interface Writing extends WriteRequest {
  /** The id that the Provenance of a contribution gets. */
  readonly provenanceId: string
  readonly method: 'POST' | 'PUT' | 'PATCH'
}

/** Writes the resource as its first or next version, its Provenance, and what else its type brings along. */
export async function writeResource(
  db: PoolClient,
  writer: ResourceWriter,
  request: Writing,
): Promise<CreatedResource> {
  const { access, method, previous, at } = request
  const resource = relativeReferences(request.resource, request.base)
  const row = await writer.toRow(db, { ...request, resource })
  requireSamePatient(row, previous)
  const { client, member } = access.principal
  const { provenanceId } = request
  const isUpdate = previous !== undefined
  const version = writer.contributed
    ? await putContributed(db, row, { provenanceId, method, isUpdate, member, client })
    : await putResource(db, row, { method })
  const { type, id, facts } = row
  await writer.after?.(db, {
    ...{ access, type, id, version, method, facts, at, previous },
    resource: row.resource,
  })
  const created = (previous?.content ?? null) === null
  return { type, id, version, lastUpdated: at, content: storedText(row, version), created }
}

/** Whoever sees a resource sees its history, which would else hold what was said of somebody else. */
function requireSamePatient(row: NewResource, previous: CurrentRow | undefined): void {
  const before = previous?.facts.patient ?? null
  if (before === null || before === row.facts.patient) return
  // Where it is in doubt whose a study is, somebody looks. Which Patient stands for which is a clerk's to say.
  if (row.quarantined || row.type === 'Patient') return
  const element = subjectElement(row.type)
  const text = 'Is not whom it was about before: delete it, and send what is about another anew'
  throw new HubError('unprocessable', `The ${row.type} could not be filed`, {
    problems: [{ location: `${row.type}.${element}`, text }],
  })
}

/** The current version, where a write was not needed. */
export async function readBack(
  db: PoolClient,
  type: string,
  id: string,
): Promise<Omit<CreatedResource, 'created'>> {
  const stored = await readResource(db, type, id)
  if (stored?.content === undefined || stored.content === null) {
    throw new Error(`${type} is not there where it was found`)
  }
  return { ...stored, content: stored.content }
}

export interface DeletedResource {
  readonly type: string
  readonly id: string
  /** Of the tombstone. */
  readonly version: number
  readonly lastUpdated: Date
}

/** Leaves a tombstone; a resource that has one already keeps it as it is. */
export async function deleteRow(
  db: PoolClient,
  writer: ResourceWriter,
  request: DeleteRequest,
): Promise<DeletedResource> {
  const { access, previous, at } = request
  const { type, id, facts, quarantined } = previous
  if (previous.content === null) return previous
  if ((await writer.beforeDelete?.(db, request)) === 'kept') return previous
  const search = { keys: [], refs: [], compared: {} }
  const row = { type, id, resource: {}, facts, quarantined, search, at }
  const version = await putResource(db, row, { method: 'DELETE' })
  await writer.after?.(db, { access, type, id, version, method: 'DELETE', facts, at, previous })
  return { type, id, version, lastUpdated: at }
}

/** What a client may not decide: ids and versions are the hub's. */
export function withoutIdentity(resource: JsonObject): JsonObject {
  const { id: _id, ...rest } = resource
  return rest
}

/**
 * Throws `precondition-failed` where the caller meant another version than the current one (R4 http,
 * section 3.1.0.5). An `ifMatch` of undefined asks for none.
 */
export function requireVersion(
  { version }: Pick<CurrentRow, 'version'>,
  ifMatch: VersionMatch | undefined,
): void {
  if (ifMatch === undefined || ifMatch === 'any' || ifMatch.includes(version)) return
  throw new HubError(
    'precondition-failed',
    `The resource has changed meanwhile: its version is ${version}. Read it again`,
  )
}
