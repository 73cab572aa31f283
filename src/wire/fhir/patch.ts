/** A patch of a resource: R4 http, section 3.1.0.6. */
import { HubError } from '../../kernel/errors.ts'
import { patchJson } from './json-patch.ts'
import { isJsonObject, type JsonObject } from './json.ts'

/** What `patchJson` makes of the resource. Throws `unprocessable` too where that would be another one. */
export function applyPatch(resource: JsonObject, patch: unknown): JsonObject {
  return sameResource(resource, patchJson(resource, patch))
}

/** A patch changes what a resource says, not which resource it is. */
function sameResource(before: JsonObject, after: unknown): JsonObject {
  if (
    !isJsonObject(after) ||
    after.resourceType !== before.resourceType ||
    after.id !== before.id
  ) {
    throw new HubError('unprocessable', 'A patch leaves resourceType and id as they are')
  }
  const version = versionOf(after)
  if (version !== undefined && version !== versionOf(before)) {
    throw new HubError('unprocessable', 'A patch leaves meta.versionId as it is')
  }
  return after
}

function versionOf({ meta }: JsonObject): unknown {
  return isJsonObject(meta) ? meta.versionId : undefined
}
