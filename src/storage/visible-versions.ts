/** Versions of resources for one who is told of them: those of rows that are visible now. */
import type { EventFocus } from '../domain/subscription/subscription.ts'
import type { Db } from './db.ts'
import { statementName } from './statement-name.ts'
import { visibleRows, type Visibility } from './visibility-sql.ts'

export interface VisibleVersion {
  readonly custodian: string | null
  readonly patient: string | null
  /** JSON text of that version; undefined where those before it have as many bytes as were wanted. */
  readonly content?: string | undefined
}

interface Row {
  readonly place: number | string
  readonly custodian: string | null
  readonly patient: string | null
  readonly content: string | null
}

/**
 * Whoever sees the current row sees what it was; one that was deleted since is not told of any more. The sizes are
 * known without reading the texts.
 */
const READ = (visible: string): string => `
with version as (
  select wanted.place, seen.custodian, seen.patient, case when seen.version = wanted.version then seen.content
    else coalesce((select v.content from resource_version v
      where v.type = seen.type and v.id = seen.id and v.version = wanted.version), seen.content) end as content
  from unnest($1::text[], $2::integer[]) with ordinality as wanted (id, version, place)
  join (select r.type, r.id, r.version, r.custodian, r.patient, r.content ${visible}
    and r.id = any($1) and r.content is not null) as seen on seen.id = wanted.id
), sized as (
  select *, sum(octet_length(content)) over (order by place) - octet_length(content) as before from version
)
select place, custodian, patient, case when before < $3 then content end as content from sized`

export interface WantedVersions {
  /** Of all of them. */
  readonly type: string
  readonly wanted: readonly EventFocus[]
  /** Bytes of text, which the last of them may exceed. */
  readonly maxBytes: number
}

/** In the places of `wanted`; undefined for what the visibility does not show. */
export async function readVisibleVersions(
  db: Db,
  { type, wanted, maxBytes }: WantedVersions,
  visibility: Visibility,
): Promise<readonly (VisibleVersion | undefined)[]> {
  if (wanted.length === 0) return []
  const [ids, versions] = [wanted.map(({ id }) => id), wanted.map(({ version }) => version)]
  const parameters: unknown[] = [ids, versions, maxBytes]
  const text = READ(visibleRows(type, 'r', { visibility, parameters }))
  const name = statementName(text, 'everyday')
  const { rows } = await db.query<Row>({
    text,
    values: parameters,
    ...(name !== undefined && { name }),
  })
  const found = new Map(
    rows.map(({ place, content, ...row }) => [
      Number(place),
      { ...row, ...(content !== null && { content }) },
    ]),
  )
  return wanted.map((_, index) => found.get(index + 1))
}
