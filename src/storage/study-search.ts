/** Studies, series and instances of the index that match and that a caller may see: one statement a search. */
import type { QueryLevel, QueryMatch, StudyQuery } from '../domain/imaging/study-query.ts'
import type { DicomJson } from '../domain/imaging/study.ts'
import type { InstanceUid, SeriesUid, StudyUid } from '../kernel/ids.ts'
import { accessFilterSql } from './access-filter-sql.ts'
import type { Db } from './db.ts'
import type { Asker } from './study-copies.ts'
import { matchSql } from './study-match-sql.ts'

export interface FoundObject {
  readonly study: StudyUid
  readonly studyAttributes: DicomJson
  readonly modalities: readonly string[]
  readonly seriesCount: number
  readonly instanceCount: number
  /** At series and instance level. */
  readonly series?: { readonly uid: SeriesUid; readonly attributes: DicomJson } | undefined
  /** Of the series. */
  readonly seriesInstanceCount?: number | undefined
  /** At instance level. */
  readonly instance?:
    | {
        readonly uid: InstanceUid
        readonly attributes: DicomJson
        readonly transferSyntax: string | null
      }
    | undefined
}

export interface FoundObjects {
  readonly objects: readonly FoundObject[]
  /** How many match beyond this page. */
  readonly remaining: number
}

interface Conditions {
  /** Over a study `s` and its resource `r`. */
  readonly matches: string
  /** Over `r`, and over the resource `other`. */
  readonly permitted: string
  readonly otherPermitted: string
  readonly member: string
}

/**
 * A copy that is registered without objects has nothing to query for or to retrieve.
 *
 * Of several permitted copies of a study the one counts that retrieval hands out first (`findStudyCopies`),
 * whatever is asked about it: another that matches where this one does not is not shown in its place.
 */
const PERMITTED = ({ matches, permitted, otherPermitted, member }: Conditions): string => `
with permitted as (
  select s.imaging_study, s.study_uid, s.attributes, s.instances, s.series, r.modalities, r.started
  from study s
  join resource r on r.type = 'ImagingStudy' and r.id = s.imaging_study
  where s.instances > 0 and r.content is not null and not r.quarantined and ${matches} and (${permitted})
    and not exists (
      select from study better
      join resource other on other.type = 'ImagingStudy' and other.id = better.imaging_study
      where better.study_uid = s.study_uid and better.imaging_study <> s.imaging_study and better.instances > 0
        and (better.custodian <> ${member}, better.registration) < (s.custodian <> ${member}, s.registration)
        and other.content is not null and not other.quarantined and (${otherPermitted})
    )
)`

const STUDY_COLUMNS = `p.study_uid, p.attributes as study_attributes, p.modalities,
  p.series as series_count, p.instances as instance_count`
const SERIES_COLUMNS = `se.series_uid, se.attributes as series_attributes,
  se.instances as series_instance_count`
const INSTANCE_COLUMNS = `i.sop_instance_uid, i.attributes as instance_attributes, i.transfer_syntax_uid`

const BY_STUDY = 'p.started desc nulls last, p.study_uid'
const BY_SERIES = `${BY_STUDY}, se.series_number nulls last, se.series_uid`
const BY_INSTANCE = `${BY_SERIES}, i.instance_number nulls last, i.sop_instance_uid`

const JOIN_SERIES = 'join series se on se.imaging_study = p.imaging_study'
const JOIN_INSTANCE = `${JOIN_SERIES}
join instance i on i.imaging_study = se.imaging_study and i.series_uid = se.series_uid`

const FROM: Readonly<Record<QueryLevel, { columns: string; join: string; order: string }>> = {
  study: { columns: STUDY_COLUMNS, join: '', order: BY_STUDY },
  series: { columns: `${STUDY_COLUMNS}, ${SERIES_COLUMNS}`, join: JOIN_SERIES, order: BY_SERIES },
  instance: {
    columns: `${STUDY_COLUMNS}, ${SERIES_COLUMNS}, ${INSTANCE_COLUMNS}`,
    join: JOIN_INSTANCE,
    order: BY_INSTANCE,
  },
}

interface Row {
  readonly study_uid: StudyUid
  readonly study_attributes: DicomJson
  readonly modalities: string[]
  readonly series_count: number
  readonly instance_count: number
  readonly series_uid?: SeriesUid
  readonly series_attributes?: DicomJson
  readonly series_instance_count?: number
  readonly sop_instance_uid?: InstanceUid
  readonly instance_attributes?: DicomJson
  readonly transfer_syntax_uid?: string | null
  readonly total: number
}

/** In a stable order: newest study first, then by series and instance number. */
export async function searchIndex(db: Db, query: StudyQuery, asker: Asker): Promise<FoundObjects> {
  const values: unknown[] = []
  const { columns, join, order } = FROM[query.level]
  const text = `${PERMITTED(printStudyConditions(query, asker, values))}
select ${columns}, count(*) over () as total
from permitted p ${join}
where ${printDeeperConditions(query, values)}
order by ${order}
limit $${values.push(query.limit)} offset $${values.push(query.offset)}`

  const { rows } = await db.query<Row>(text, values)
  const total = rows[0]?.total ?? 0
  return {
    objects: rows.map(toFound),
    remaining: Math.max(0, total - query.offset - rows.length),
  }
}

function printStudyConditions(
  { study, matches }: StudyQuery,
  { filter, member }: Asker,
  values: unknown[],
): Conditions {
  const conditions = matches.filter(({ level }) => level === 'study').map(printer(values))
  if (study !== undefined) conditions.unshift(`s.study_uid = $${values.push(study)}`)
  return {
    matches: conditions.length === 0 ? 'true' : conditions.join(' and '),
    permitted: accessFilterSql(filter, 'r', values),
    otherPermitted: accessFilterSql(filter, 'other', values),
    member: `$${values.push(member)}`,
  }
}

function printDeeperConditions({ series, matches }: StudyQuery, values: unknown[]): string {
  const conditions = matches.filter(({ level }) => level !== 'study').map(printer(values))
  if (series !== undefined) conditions.unshift(`se.series_uid = $${values.push(series)}`)
  return conditions.length === 0 ? 'true' : conditions.join(' and ')
}

function printer(values: unknown[]): (match: QueryMatch) => string {
  return (match) => matchSql(match, values)
}

function toFound(row: Row): FoundObject {
  const { series_uid: series, sop_instance_uid: instance } = row
  return {
    study: row.study_uid,
    studyAttributes: row.study_attributes,
    modalities: row.modalities,
    seriesCount: row.series_count,
    instanceCount: row.instance_count,
    seriesInstanceCount: row.series_instance_count,
    series:
      series === undefined ? undefined : { uid: series, attributes: row.series_attributes ?? {} },
    instance:
      instance === undefined
        ? undefined
        : {
            uid: instance,
            attributes: row.instance_attributes ?? {},
            transferSyntax: row.transfer_syntax_uid ?? null,
          },
  }
}
