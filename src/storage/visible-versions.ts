/** Versions of resources for one who is told of them: those of rows that are visible now. */
import type { EventFocus } from '../domain/subscription/subscription.ts'
import type { Db } from './db.ts'
import { statementName } from './statement-name.ts'
import { visibleRows, type Visibility } from './visibility-sql.ts'

export interface VisibleVersion {
  readonly custodian: string | null
  readonly patient: string | null
  /** JSON text of that version. */
  readonly content: string
}

interface Row extends VisibleVersion {
  readonly place: number | string
}

/** Whoever sees the current row sees what it was; one that was deleted since is not told of any more. */
const READ = (visible: string): string => `
select wanted.place, seen.custodian, seen.patient, case when seen.version = wanted.version then seen.content
  else coalesce((select v.content from resource_version v
    where v.type = seen.type and v.id = seen.id and v.version = wanted.version), seen.content) end as content
from unnest($1::text[], $2::integer[]) with ordinality as wanted (id, version, place)
join (select r.type, r.id, r.version, r.custodian, r.patient, r.content ${visible}
  and r.id = any($1) and r.content is not null) as seen on seen.id = wanted.id`

/** In the places of `wanted`, which are of one type; undefined for what the visibility does not show. */
export async function readVisibleVersions(
  db: Db,
  { type, wanted }: { readonly type: string; readonly wanted: readonly EventFocus[] },
  visibility: Visibility,
): Promise<readonly (VisibleVersion | undefined)[]> {
  if (wanted.length === 0) return []
  const parameters: unknown[] = [wanted.map(({ id }) => id), wanted.map(({ version }) => version)]
  const text = READ(visibleRows(type, 'r', { visibility, parameters }))
  const name = statementName(text, 'everyday')
  const { rows } = await db.query<Row>({
    text,
    values: parameters,
    ...(name !== undefined && { name }),
  })
  const found = new Map(rows.map((row) => [Number(row.place), row]))
  return wanted.map((_, index) => found.get(index + 1))
}
