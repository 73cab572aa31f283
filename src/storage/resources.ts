/** FHIR resources as rows: whole JSON text, typed policy columns, search values beside them (decisions 0002, 0012). */
import type { ObjectFacts } from '../domain/access/filter.ts'
import { HubError } from '../kernel/errors.ts'
import type { SearchValues } from '../wire/fhir/search-entries.ts'
import { comparedText, isStorable } from './compared-text.ts'
import type { Db } from './db.ts'
import { keyOf, tableOf } from './resource-tables.ts'

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

export type WriteMethod = 'POST' | 'PUT' | 'PATCH' | 'DELETE'

export interface WriteResource {
  /** How the version comes to be, for `Bundle.entry.request` of its history. DELETE leaves a tombstone. */
  readonly method: WriteMethod
  /** Rewrites the current version in place: a study that is still growing. Needs no version to exist. */
  readonly keepVersion?: boolean | undefined
  /** `If-Match`: the current version must be this one, a tombstone's too. */
  readonly ifMatch?: number | undefined
  /** Nothing must be there but a tombstone. */
  readonly ifAbsent?: boolean | undefined
}

// The version is known only inside the statement, so the text arrives cut in two where it belongs. `current` holds
// the row until the commit, so that the version kept and the version written are next to each other; a row that
// another transaction inserts meanwhile is no row of this statement's, which then writes nothing and is run again.
const PUT_RESOURCE = (table: string, key: string): string => `
with current as materialized (
  select version, last_updated, method, content from ${table} where type = $1 and id = $2 for update
), replaced as (
  insert into resource_version (type, id, version, last_updated, method, content, replaced_at)
  select $1, $2, version, last_updated, method, content, $3 from current
   where $21::int = 1 and ($22::int is null or version = $22)
     and (content is null or not $23::boolean)
), base as (
  select coalesce((select version from current) + $21::int, 1) as next, (select version from current) as now,
         (select content from current) as before
)
insert into ${table} as r (type, id, last_updated, version, content, custodian, patient, study_uids, modalities,
  body_regions, labels, started, quarantined, keys, refs, compared, date_from, date_until, method)
select $1, $2, $3, next, $4::text || next || $5::text, $6, $7, $8, $9, $10, $11, $12, $13, row_keys($2, $14::text[]),
       $15, $16::jsonb, $17, $18, $19::text
  from base
 where ($22::int is null or now = $22) and (before is null or not $23::boolean)
on conflict (${key}) do update set
  last_updated = excluded.last_updated, version = excluded.version, content = excluded.content,
  custodian = excluded.custodian, patient = excluded.patient, study_uids = excluded.study_uids,
  modalities = excluded.modalities, body_regions = excluded.body_regions, labels = excluded.labels,
  started = excluded.started, quarantined = excluded.quarantined, keys = excluded.keys,
  refs = case when excluded.content is null then array(select ref from unnest(r.refs) as ref where starts_with(ref, 'context|'))
    else excluded.refs end,
  compared = excluded.compared, date_from = excluded.date_from, date_until = excluded.date_until,
  method = case when $20::boolean then r.method else excluded.method end
 where r.version = excluded.version - $21::int
returning version`

const FACTS = `type, last_updated, custodian, patient, study_uids, modalities, body_regions, labels, started, quarantined`
const OWN = `version, method, id, content, keys, refs, compared, date_from, date_until`

// A version that nothing was before needs no more than this.
const INSERT = (table: string, key: string): string => `
insert into ${table} (${FACTS}, ${OWN})
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 1, 'POST', $11, $12, row_keys($11, $13::text[]), $14, $15::jsonb, $16, $17)
on conflict (${key}) do nothing
returning version`

// What is told of a resource is ruled by its facts.
const INSERT_WITH_PROVENANCE = (table: string, key: string): string => `
with written as (${INSERT(table, key)}), told as (
  insert into resource_provenance (${FACTS}, ${OWN})
  select 'Provenance', $2, $3, $4, $5, $6, $7, $8, $9, $10, 1, 'POST', $18::text, $19::text,
         row_keys($18::text, $20::text[]), $21::text[], $22::jsonb, $23::timestamptz, $24::timestamptz
    from written
)
select version from written`

/** Others that insert the same id at the same moment: ids are random, so that even one is rare. */
const MOST_TRIES = 5

/**
 * Writes the resource as its next version (1 when it is new) and keeps the version it replaces for the history;
 * call it in the transaction of what caused it. A deletion keeps the policy columns, so that history stays
 * governed by them, as by the context of a Binary, and drops everything a search could match. Returns the version. Throws
 * `precondition-failed` where `ifMatch` or `ifAbsent` does not hold, whatever others write meanwhile.
 */
export async function putResource(db: Db, row: NewResource, how: WriteResource): Promise<number> {
  if (isNew(how) && (await insertResource(db, row))) return 1
  const values = valuesOf(row, how)
  const table = tableOf(row.type)
  const isConditional = how.ifMatch !== undefined || how.ifAbsent === true
  for (let tries = 0; tries < MOST_TRIES; tries += 1) {
    const { rows } = await db.query<{ version: number }>({
      name: `put-resource into ${table}`,
      text: PUT_RESOURCE(table, keyOf(table)),
      values,
    })
    const [written] = rows
    if (written !== undefined) return written.version
    if (isConditional) throw preconditionFailed(how)
  }
  throw new HubError('conflict', 'Others write the same resource: try again')
}

/** Ids of what is created are new nearly always. */
function isNew({ method, keepVersion, ifMatch, ifAbsent }: WriteResource): boolean {
  return method === 'POST' && keepVersion !== true && ifMatch === undefined && ifAbsent !== true
}

/** False, and nothing is written, where something is there, a tombstone too. */
async function insertResource(db: Db, row: NewResource): Promise<boolean> {
  const table = tableOf(row.type)
  const { rowCount } = await db.query({
    name: `insert-resource into ${table}`,
    text: INSERT(table, keyOf(table)),
    values: newValues(row),
  })
  return rowCount === 1
}

/** A Provenance, as far as it is not the row's that it tells of. */
type Told = Pick<NewResource, 'id' | 'resource' | 'search'>

/**
 * Writes version 1 of the resource and the Provenance of it. False, and nothing is written, where something
 * is there, a tombstone too. Throws what PostgreSQL throws where there is such a Provenance.
 */
export async function insertWithProvenance(
  db: Db,
  row: NewResource,
  { id, resource, search }: Told,
): Promise<boolean> {
  const table = tableOf(row.type)
  const provenance = { ...row, type: 'Provenance', id, resource, search }
  const { rowCount } = await db.query({
    name: `insert-with-provenance into ${table}`,
    text: INSERT_WITH_PROVENANCE(table, keyOf(table)),
    values: [...newValues(row), ...ownValues(provenance)],
  })
  return rowCount === 1
}

function newValues(row: NewResource): unknown[] {
  const { facts } = row
  return [
    row.type,
    row.at,
    facts.custodian,
    facts.patient,
    facts.studyUids,
    facts.modalities,
    facts.bodyRegions,
    facts.labels,
    facts.startedAt,
    row.quarantined,
    ...ownValues(row),
  ]
}

function ownValues(row: NewResource): unknown[] {
  const { refs, compared, date } = row.search
  const keys = keysOf(row)
  return [
    row.id,
    storedText(row, 1),
    keys,
    refs.filter(isStorable),
    comparedText(compared),
    date?.from,
    date?.until,
  ]
}

function preconditionFailed({ ifMatch }: WriteResource): HubError {
  const text =
    ifMatch === undefined
      ? 'The resource is there already'
      : `The current version is not ${ifMatch}: read it and apply the change to that`
  return new HubError('precondition-failed', text)
}

function valuesOf(row: NewResource, how: WriteResource): unknown[] {
  const { facts } = row
  const isDeletion = how.method === 'DELETE'
  const search = isDeletion ? NO_SEARCH_VALUES : row.search
  const [head, tail] = isDeletion ? [null, null] : splitAtVersion(row)
  const keepVersion = how.keepVersion === true
  return [
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
    isDeletion ? [] : keysOf(row),
    search.refs.filter(isStorable),
    comparedText(search.compared),
    search.date?.from,
    search.date?.until,
    how.method,
    keepVersion,
    keepVersion ? 0 : 1,
    how.ifMatch,
    how.ifAbsent === true,
  ]
}

function keysOf(row: NewResource): readonly string[] {
  return [...row.search.keys, ...studyKeys(row)].filter(isStorable)
}

/** A study is found by its own identifier; what is about studies, by theirs. */
function studyKeys({ type, facts }: NewResource): readonly string[] {
  return type === 'ImagingStudy' ? [] : facts.studyUids.map(studyKey)
}

/** The key of whatever is about the study with this UID. */
export function studyKey(uid: string): string {
  return `study|${uid}`
}

const NO_SEARCH_VALUES: SearchValues = { keys: [], refs: [], compared: {} }

/** The JSON text of a row as it is stored under this version, so that nobody needs to read it back. */
export function storedText(row: NewResource, version: number): string {
  return splitAtVersion(row).join(String(version))
}

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

const READ_RESOURCE = (table: string): string => `
select type, id, version, last_updated, content from ${table} where type = $1 and id = $2`

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
  const table = tableOf(type)
  const { rows } = await db.query<ResourceRow>({
    name: `read-resource from ${table}`,
    text: READ_RESOURCE(table),
    values: [type, id],
  })
  const [row] = rows
  if (row === undefined) return undefined
  const { last_updated: lastUpdated, ...rest } = row
  return { ...rest, lastUpdated }
}
