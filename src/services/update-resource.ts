/** Giving a resource its next version (R4 http, section 3.1.0.4), or its first where a condition matches none. */
import type { PoolClient } from 'pg'
import type { Principal } from '../domain/access/principal.ts'
import type { VersionMatch } from '../wire/fhir/version-match.ts'
import { HubError } from '../kernel/errors.ts'
import type { CurrentRow } from '../storage/current-row.ts'
import { isJsonObject, textOf, type JsonObject } from '../wire/fhir/json.ts'
import { parseJsonText } from '../wire/fhir/parse-json.ts'
import { labelOf, withLabelsOf } from '../wire/fhir/security-labels.ts'
import { createStep } from './create-resource.ts'
import type { Access } from './authorize.ts'
import { findTarget, targetText, type WriteTarget } from './find-target.ts'
import type { RequestContext } from './record-audit.ts'
import type { ResourceWriter } from './resource-writers.ts'
import { carryOut, entityOf, permitWrite, requireValid, type WriteDeps } from './write-deps.ts'
import {
  requireVersion,
  withoutIdentity,
  writeResource,
  type CreatedResource,
} from './write-resource.ts'
import type { InRequest } from './write-request.ts'

export interface UpdateRequest {
  readonly resource: JsonObject
  readonly target: WriteTarget
  /** `If-Match` */
  readonly ifMatch?: VersionMatch | undefined
}

/**
 * Ids are the hub's: an id that is nothing, or nothing of the caller's, is `not-found`, and a condition
 * that matches none makes a new resource. Throws `precondition-failed` for another version than the one
 * meant, `invalid` where body and target disagree, and what a create throws.
 */
export type UpdateResource = (
  principal: Principal,
  request: UpdateRequest,
  context: RequestContext,
) => Promise<CreatedResource>

export function makeUpdateResource(deps: WriteDeps): UpdateResource {
  return async (principal, { resource, target, ifMatch }, context) => {
    const type = String(resource.resourceType)
    const query = `PUT ${targetText(type, target)}`
    const { writer, access } = await permitWrite(deps, { principal, type, query }, context)
    await requireValid(deps, resource)
    const newId = writer.idOf?.(resource) ?? deps.newId()
    const sent = 'search' in target ? withoutSendersId(writer, resource) : resource
    const step = { writer, access, resource: sent, ifMatch, newId }
    const work = async (db: PoolClient): Promise<CreatedResource> => {
      const previous = await findTarget(db, { writer, access, type, target, resource })
      return updateStep(db, { ...deps, context }, { ...step, previous })
    }
    const tell = ({ id, created }: CreatedResource) =>
      ({ act: created ? 'create' : 'update', entities: [entityOf(access, type, id)] }) as const
    return carryOut(deps, { access, query, work, tell }, context)
  }
}

/** A change of what the caller may change. */
export interface UpdateStep {
  readonly writer: ResourceWriter
  readonly access: Access
  readonly resource: JsonObject
  readonly ifMatch?: VersionMatch | undefined
  /** The row as it is, locked; absent where a condition matches none. */
  readonly previous: CurrentRow | undefined
  /** The id it gets in that case. */
  readonly newId: string
}

export type StepDeps = Pick<WriteDeps, 'newId' | 'clock' | 'base'> & InRequest

/** For what a condition finds its place: some types' ids are their senders' own. */
export function withoutSendersId(writer: ResourceWriter, resource: JsonObject): JsonObject {
  return writer.hasSendersIds === true ? withoutIdentity(resource) : resource
}

export function updateStep(
  db: PoolClient,
  deps: StepDeps,
  step: UpdateStep,
): Promise<CreatedResource> {
  const { writer, access, resource, ifMatch, previous } = step
  if (previous === undefined) return createInstead(db, deps, step)
  requireVersion(previous, ifMatch)
  const { id } = previous
  if ((textOf(resource.id) ?? id) !== id)
    throw new HubError('invalid', 'The id in the body is not that of the resource that matches')
  return writeResource(db, writer, {
    access,
    resource: withLabelsOf(labelledBefore(previous), withoutIdentity(resource)),
    id,
    method: 'PUT',
    provenanceId: deps.newId(),
    at: deps.clock(),
    base: deps.base,
    context: deps.context,
    previous,
  })
}

/** What says which labels the resource has: of one that was deleted its row alone. */
function labelledBefore({ content, facts }: CurrentRow): JsonObject {
  const before = content === null ? undefined : parseJsonText(content)
  if (isJsonObject(before)) return before
  return { meta: { security: facts.labels.map(labelOf) } }
}

/** R4 http, section 3.1.0.4.3: no match makes a new resource, which gets its id from the hub. */
function createInstead(
  db: PoolClient,
  deps: StepDeps,
  { writer, access, resource, ifMatch, newId: id }: UpdateStep,
): Promise<CreatedResource> {
  if (ifMatch !== undefined)
    throw new HubError('precondition-failed', 'Nothing matches that could have the version')
  if (resource.id !== undefined)
    throw new HubError('invalid', 'Nothing matches, and ids are given by the hub: leave it out')
  return createStep(db, deps, { writer, access, resource, id })
}
