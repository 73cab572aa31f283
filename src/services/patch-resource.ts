/** Changing a part of a resource by JSON Patch (R4 http, section 3.1.0.6; RFC 6902). */
import type { PoolClient } from 'pg'
import type { Principal } from '../domain/access/principal.ts'
import type { VersionMatch } from '../wire/fhir/version-match.ts'
import { HubError } from '../kernel/errors.ts'
import { isJsonObject, type JsonObject } from '../wire/fhir/json.ts'
import { parseJsonText } from '../wire/fhir/parse-json.ts'
import { applyPatch } from '../wire/fhir/patch.ts'
import type { CurrentRow } from '../storage/current-row.ts'
import type { Access } from './authorize.ts'
import { findTarget, notYours, targetText, type WriteTarget } from './find-target.ts'
import type { ResourceWriter } from './resource-writers.ts'
import type { RequestContext } from './record-audit.ts'
import { carryOut, entityOf, permitWrite, requireValid, type WriteDeps } from './write-deps.ts'
import {
  requireVersion,
  withoutIdentity,
  writeResource,
  type CreatedResource,
} from './write-resource.ts'
import type { InRequest } from './write-request.ts'

export interface PatchRequest {
  readonly type: string
  readonly target: WriteTarget
  /** The patch document, parsed. */
  readonly patch: unknown
  readonly ifMatch?: VersionMatch | undefined
}

/**
 * Throws `not-found` where there is nothing to patch, `unprocessable` where the patch does not apply or
 * what comes of it is not valid, and what an update throws.
 */
export type PatchResource = (
  principal: Principal,
  request: PatchRequest,
  context: RequestContext,
) => Promise<CreatedResource>

export function makePatchResource(deps: WriteDeps): PatchResource {
  return async (principal, { type, target, patch, ifMatch }, context) => {
    const query = `PATCH ${targetText(type, target)}`
    const { writer, access } = await permitWrite(deps, { principal, type, query }, context)
    const work = async (db: PoolClient): Promise<CreatedResource> => {
      const previous = await findTarget(db, { writer, access, type, target })
      if (previous === undefined) throw notYours(type)
      return patchStep(db, { ...deps, context }, { writer, access, patch, ifMatch, previous })
    }
    const tell = ({ id }: CreatedResource) =>
      ({ act: 'update', entities: [entityOf(access, type, id)] }) as const
    return carryOut(deps, { access, query, work, tell }, context)
  }
}

export interface PatchStep {
  readonly writer: ResourceWriter
  readonly access: Access
  readonly patch: unknown
  readonly ifMatch?: VersionMatch | undefined
  readonly previous: CurrentRow
}

/** The row is held while what comes of the patch is judged, so that it is what is stored. */
export async function patchStep(
  db: PoolClient,
  deps: Pick<WriteDeps, 'validate' | 'newId' | 'clock' | 'base'> & InRequest,
  { writer, access, patch, ifMatch, previous }: PatchStep,
): Promise<CreatedResource> {
  requireVersion(previous, ifMatch)
  const resource = patched(previous, patch)
  await requireValid(deps, resource)
  return writeResource(db, writer, {
    access,
    resource: withoutIdentity(resource),
    id: previous.id,
    method: 'PATCH',
    provenanceId: deps.newId(),
    at: deps.clock(),
    base: deps.base,
    context: deps.context,
    previous,
  })
}

function patched({ type, id, content }: CurrentRow, patch: unknown): JsonObject {
  if (content === null) throw new HubError('gone', `This ${type} was deleted`)
  const before: unknown = parseJsonText(content)
  if (!isJsonObject(before)) throw new TypeError(`${type}/${id} is no object`)
  const resource = applyPatch(before, patch)
  if (resource.resourceType === type && resource.id === id) return resource
  throw new HubError('unprocessable', 'A patch leaves type and id as they are')
}
