/** The conformance resources that the registry serves: for the hub's own use when it starts. */
import type { Db } from './db.ts'
import type { StoredResource } from './resources.ts'

const LIST = `
select type, id, version, last_updated as "lastUpdated", content
from resource_conformance where content is not null order by type, id`

export async function listStoredDefinitions(db: Db): Promise<readonly StoredResource[]> {
  const { rows } = await db.query<StoredResource>(LIST)
  return rows
}
