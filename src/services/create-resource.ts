/** Creating one resource over FHIR: decide, validate, write with its Provenance and its event. */
import type { PoolClient } from 'pg'
import type { Principal } from '../domain/access/principal.ts'
import type { JsonObject } from '../wire/fhir/json.ts'
import type { Search } from '../wire/fhir/search.ts'
import type { Access } from './authorize.ts'
import { matchCondition } from './match-condition.ts'
import type { RequestContext } from './record-audit.ts'
import type { ResourceWriter } from './resource-writers.ts'
import { carryOut, entityOf, permitWrite, requireValid, type WriteDeps } from './write-deps.ts'
import { readBack, withoutIdentity, writeResource, type CreatedResource } from './write-resource.ts'
import type { InRequest, WriteRequest } from './write-request.ts'

export interface CreateRequest {
  readonly resource: JsonObject
  /** `If-None-Exist`, parsed. */
  readonly ifNoneExist?: Search | undefined
}

/**
 * Throws `method-not-allowed` for a type that is not created here, `unprocessable` with every problem of
 * an invalid resource, `precondition-failed`, and what the decision throws.
 */
export type CreateResource = (
  principal: Principal,
  request: CreateRequest,
  context: RequestContext,
) => Promise<CreatedResource>

export function makeCreateResource(deps: WriteDeps): CreateResource {
  return async (principal, { resource, ifNoneExist }, context) => {
    const type = String(resource.resourceType)
    const query = `POST ${type}`
    const { writer, access } = await permitWrite(deps, { principal, type, query }, context)
    await requireValid(deps, resource)
    const id = writer.idOf?.(resource) ?? deps.newId()
    const step = { writer, access, resource, ifNoneExist, id }
    const work = async (db: PoolClient): Promise<CreatedResource> =>
      (await findExisting(db, step)) ?? createStep(db, { ...deps, context }, step)
    const tell = ({ id, created }: CreatedResource) =>
      ({ act: created ? 'create' : 'read', entities: [entityOf(access, type, id)] }) as const
    return carryOut(deps, { access, query, work, tell }, context)
  }
}

export interface CreateStep {
  readonly writer: ResourceWriter
  readonly access: Access
  readonly resource: JsonObject
  readonly ifNoneExist?: Search | undefined
  /** The id it gets. */
  readonly id: string
  readonly reports?: WriteRequest['reports']
}

/** What `If-None-Exist` finds (R4 http, section 3.1.0.8.1): undefined where the create goes ahead. */
async function findExisting(
  db: PoolClient,
  { writer, access, resource, ifNoneExist: search }: Omit<CreateStep, 'id' | 'reports'>,
): Promise<CreatedResource | undefined> {
  if (search === undefined) return undefined
  const id = await matchCondition(db, writer, { access, search, resource })
  if (id === undefined) return undefined
  return { ...(await readBack(db, search.type, id)), created: false }
}

/** Writes the first version. */
export function createStep(
  db: PoolClient,
  deps: Pick<WriteDeps, 'newId' | 'clock' | 'base'> & InRequest,
  { writer, access, resource, id, reports }: CreateStep,
): Promise<CreatedResource> {
  return writeResource(db, writer, {
    access,
    resource: withoutIdentity(resource),
    id,
    reports,
    method: 'POST',
    provenanceId: deps.newId(),
    at: deps.clock(),
    base: deps.base,
    context: deps.context,
  })
}
