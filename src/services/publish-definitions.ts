/** Entering the conformance resources of `fhir-profiles/` into the registry, so that they are read and searched like all others. */
import { isDeepStrictEqual } from 'node:util'
import type { Pool, PoolClient } from 'pg'
import { NO_FACTS } from '../domain/access/filter.ts'
import type { Clock } from '../kernel/clock.ts'
import { transaction } from '../storage/db.ts'
import { lockKey } from '../storage/lock-key.ts'
import { putResource, type StoredResource } from '../storage/resources.ts'
import { listStoredDefinitions } from '../storage/stored-definitions.ts'
import { isJsonObject, textOf, type JsonObject } from '../wire/fhir/json.ts'
import { parseJsonText } from '../wire/fhir/parse-json.ts'
import { searchValues } from '../wire/fhir/search-values.ts'

export interface PublishDefinitionsDeps {
  readonly pool: Pool
  readonly clock: Clock
  /** Each with the id that it is read by; asked for once, when they are published. */
  readonly definitions: () => readonly JsonObject[]
}

/**
 * Writes what is new or has changed and deletes what is no more; call it when the hub starts. Nodes that
 * start at once wait for each other. Returns how many resources were written or deleted.
 */
export function makePublishDefinitions(deps: PublishDefinitionsDeps): () => Promise<number> {
  return () => {
    const wanted = new Map(
      deps
        .definitions()
        .filter(isDefinition)
        .map((one) => [nameOf(one), one]),
    )
    return transaction(deps.pool, async (db) => {
      await lockKey(db, 'fhir-definitions')
      const stored = new Map((await listStoredDefinitions(db)).map((one) => [nameOf(one), one]))
      const changed = [...wanted].filter(([name, one]) => !isSame(stored.get(name), one))
      const gone = [...stored].filter(([name]) => !wanted.has(name))
      for (const [name, resource] of changed)
        await put(db, { resource, method: stored.has(name) ? 'PUT' : 'POST', at: deps.clock() })
      for (const [, { type, id }] of gone)
        await put(db, {
          resource: { resourceType: type, id },
          method: 'DELETE',
          at: deps.clock(),
        })
      return changed.length + gone.length
    })
  }
}

const CONFORMANCE: ReadonlySet<unknown> = new Set([
  'CapabilityStatement',
  'StructureDefinition',
  'SearchParameter',
  'OperationDefinition',
  'ValueSet',
  'CodeSystem',
])

/** Examples that lie beside the definitions are no definitions. */
function isDefinition({ resourceType, id }: JsonObject): boolean {
  return CONFORMANCE.has(resourceType) && textOf(id) !== undefined
}

type Named = JsonObject | Pick<StoredResource, 'type' | 'id'>

function nameOf(one: Named): string {
  return `${String('resourceType' in one ? one.resourceType : one.type)}/${String(one.id)}`
}

function isSame(stored: StoredResource | undefined, definition: JsonObject): boolean {
  const content = parseJsonText(stored?.content ?? 'null')
  return (
    isJsonObject(content) && isDeepStrictEqual(withoutVersion(content), withoutVersion(definition))
  )
}

function withoutVersion({ meta, ...resource }: JsonObject): JsonObject {
  const { versionId: _id, lastUpdated: _at, ...rest } = isJsonObject(meta) ? meta : {}
  return Object.keys(rest).length === 0 ? resource : { ...resource, meta: rest }
}

interface Putting {
  readonly resource: JsonObject
  readonly method: 'POST' | 'PUT' | 'DELETE'
  readonly at: Date
}

async function put(db: PoolClient, { resource, method, at }: Putting): Promise<void> {
  const row = {
    type: String(resource.resourceType),
    id: String(resource.id),
    resource,
    facts: NO_FACTS,
    quarantined: false,
    search: searchValues(resource),
    at,
  }
  await putResource(db, row, { method })
}
