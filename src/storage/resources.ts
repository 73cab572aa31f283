/** FHIR resources as rows: whole JSON text, typed policy columns, arrays of search values (decision 0002). */
import type { ObjectFacts } from '../domain/access/filter.ts'
import type { Db } from './db.ts'

/** What a search parameter may ask of a row beyond its typed columns (wire/fhir/search-values.ts makes it). */
export interface SearchValues {
  readonly tokens: readonly string[]
  readonly refs: readonly string[]
  readonly strings: readonly string[]
  readonly date?: { readonly from: Date; readonly until: Date } | undefined
}

export interface NewResource {
  readonly type: string
  readonly id: string
  /** The resource without `meta.versionId` and `meta.lastUpdated`, which are set here. */
  readonly resource: Readonly<Record<string, unknown>>
  readonly facts: ObjectFacts
  readonly quarantined: boolean
  readonly search: SearchValues
  readonly at: Date
}

export interface StoredResource {
  readonly type: string
  readonly id: string
  readonly version: number
  readonly lastUpdated: Date
  /** JSON text as served; null once deleted. */
  readonly content: string | null
}

export interface WriteResource {
  /** How the version came to be, for `Bundle.entry.request` of its history. DELETE leaves a tombstone. */
  readonly method: 'POST' | 'PUT' | 'DELETE'
  /** Rewrites the current version in place: a study that is still growing. Needs no version to exist. */
  readonly keepVersion?: boolean | undefined
}

// The version is known only inside the statement, so the text arrives cut in two where it belongs:
// one round trip, and two writers of one resource get two versions without reading first.
const PUT_RESOURCE = `
with written as (
  insert into resource (type, id, version, last_updated, content, custodian, patient, study_uids,
    modalities, body_regions, labels, started, quarantined, tokens, refs, strings, date_from, date_until)
  values ($1, $2, 1, $3, $4::text || '1' || $5::text, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)
  on conflict (type, id) do update set
    version = resource.version + $19,
    last_updated = excluded.last_updated,
    content = $4::text || (resource.version + $19)::text || $5::text,
    custodian = excluded.custodian, patient = excluded.patient, study_uids = excluded.study_uids,
    modalities = excluded.modalities, body_regions = excluded.body_regions, labels = excluded.labels,
    started = excluded.started, quarantined = excluded.quarantined, tokens = excluded.tokens,
    refs = excluded.refs, strings = excluded.strings, date_from = excluded.date_from,
    date_until = excluded.date_until
  returning type, id, version, last_updated, content
)
insert into resource_version (type, id, version, last_updated, method, content)
select type, id, version, last_updated, $20, content from written
on conflict (type, id, version) do update set
  last_updated = excluded.last_updated, content = excluded.content
returning version`

/**
 * Writes the resource as its next version (1 when it is new) and that version's history row; call it
 * in the transaction of what caused it. A deletion keeps the policy columns, so that history stays
 * governed by them, and drops everything a search could match. Returns the version.
 */
export async function putResource(db: Db, row: NewResource, how: WriteResource): Promise<number> {
  const { facts } = row
  const search = how.method === 'DELETE' ? NO_SEARCH_VALUES : row.search
  const [head, tail] = how.method === 'DELETE' ? [null, null] : splitAtVersion(row)
  const { rows } = await db.query<{ version: number }>({
    name: 'put-resource',
    text: PUT_RESOURCE,
    values: [
      row.type,
      row.id,
      row.at,
      head,
      tail,
      facts.custodian,
      facts.patient,
      facts.studyUids,
      facts.modalities,
      facts.bodyRegions,
      facts.labels,
      facts.startedAt,
      row.quarantined,
      search.tokens,
      search.refs,
      search.strings,
      search.date?.from,
      search.date?.until,
      how.keepVersion === true ? 0 : 1,
      how.method,
    ],
  })
  return rows[0]?.version ?? 1
}

const NO_SEARCH_VALUES: SearchValues = { tokens: [], refs: [], strings: [] }

/** The JSON text before and after the digits of `meta.versionId`. */
function splitAtVersion(row: NewResource): readonly [string, string] {
  const { resourceType: _type, id: _id, meta, ...body } = row.resource
  const { versionId: _version, lastUpdated: _updated, ...rest } = isObject(meta) ? meta : {}
  const head = `{"resourceType":${JSON.stringify(row.type)},"id":${JSON.stringify(row.id)},"meta":{"versionId":"`
  const tail = `","lastUpdated":"${row.at.toISOString()}"${members(rest)}}${members(body)}}`
  return [head, tail]
}

function members(object: object): string {
  const text = JSON.stringify(object).slice(1, -1)
  return text === '' ? '' : `,${text}`
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

const READ_RESOURCE = `
select type, id, version, last_updated, content from resource where type = $1 and id = $2`

interface ResourceRow {
  readonly type: string
  readonly id: string
  readonly version: number
  readonly last_updated: Date
  readonly content: string | null
}

/**
 * The current version whoever asks, for the hub's own use inside services that have decided; never an
 * answer to a caller (`readVisibleResource` is). A deleted resource is there with `content` null.
 */
export async function readResource(
  db: Db,
  type: string,
  id: string,
): Promise<StoredResource | undefined> {
  const { rows } = await db.query<ResourceRow>({
    name: 'read-resource',
    text: READ_RESOURCE,
    values: [type, id],
  })
  const [row] = rows
  if (row === undefined) return undefined
  const { last_updated: lastUpdated, ...rest } = row
  return { ...rest, lastUpdated }
}
