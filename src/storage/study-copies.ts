/** Which copies of a study a caller may have, and where their bytes are: one statement, whoever asks. */
import type { AccessFilter, ObjectFacts } from '../domain/access/filter.ts'
import type {
  ImagingStudyId,
  InstanceUid,
  OrganizationId,
  PatientId,
  SeriesUid,
  SourceId,
  StudyUid,
} from '../kernel/ids.ts'
import { accessFilterSql } from './access-filter-sql.ts'
import type { Db } from './db.ts'
import { statementName } from './statement-name.ts'

/** A study, one of its series, or one of its instances. */
export interface StudyScope {
  readonly study: StudyUid
  readonly series?: SeriesUid | undefined
  readonly instance?: InstanceUid | undefined
}

export interface StudyCopy {
  readonly imagingStudy: ImagingStudyId
  readonly study: StudyUid
  readonly custodian: OrganizationId
  /** Where what is not deposited is kept. */
  readonly source: SourceId | null
  readonly facts: ObjectFacts
  /** Those within the scope; deposited ones come in the order of their bytes. */
  readonly instances: readonly CopyInstance[]
}

export interface CopyInstance {
  readonly instance: InstanceUid
  readonly series: SeriesUid
  /** Null where the source did not say. */
  readonly transferSyntax: string | null
  /** Absent for an instance held at a source. */
  readonly deposited?: DepositedPlace | undefined
}

export interface DepositedPlace {
  readonly landing: string
  readonly offset: number
  readonly bytes: number
  /** Base64. */
  readonly sha256: string
}

const COPIES = (scope: string, filter: string, member: string): string => `
select s.imaging_study, s.study_uid, s.custodian, s.source, r.patient, r.study_uids, r.modalities,
  r.body_regions, r.started, r.labels, held.instances
from study s
join resource r on r.type = 'ImagingStudy' and r.id = s.imaging_study
cross join lateral (
  select json_agg(json_build_array(i.sop_instance_uid, i.series_uid, i.transfer_syntax_uid, i.landing,
    i.landing_offset, i.bytes, encode(i.sha256, 'base64'))
    order by i.landing, i.landing_offset, i.series_uid, i.instance_number, i.sop_instance_uid) as instances
  from instance i where i.imaging_study = s.imaging_study${scope}
) held
where s.study_uid = $1 and held.instances is not null
  and r.content is not null and not r.quarantined and (${filter})
order by s.custodian <> ${member}, s.registration`

interface CopyRow {
  readonly imaging_study: ImagingStudyId
  readonly study_uid: StudyUid
  readonly custodian: OrganizationId
  readonly source: SourceId | null
  readonly patient: PatientId | null
  readonly study_uids: StudyUid[]
  readonly modalities: string[]
  readonly body_regions: string[]
  readonly started: Date | null
  readonly labels: string[]
  readonly instances: InstanceRow[]
}

type InstanceRow = readonly [
  instance: InstanceUid,
  series: SeriesUid,
  transferSyntax: string | null,
  landing: string | null,
  offset: number | null,
  bytes: number | null,
  sha256: string | null,
]

/** Whom the answer is for. */
export interface Asker {
  readonly member: OrganizationId
  /** What may be seen. */
  readonly filter: AccessFilter
}

/**
 * The copies that the asker may see and that hold something of the scope, best first: the asker's own
 * before others', then the one registered first, wherever they are held (decision 0011). Empty where there
 * is none or none may be seen.
 */
export async function findStudyCopies(
  db: Db,
  scope: StudyScope,
  { filter, member }: Asker,
): Promise<readonly StudyCopy[]> {
  const values: unknown[] = [scope.study]
  const within = printScope(scope, values)
  const condition = accessFilterSql(filter, 'r', values)
  const text = COPIES(within, condition, `$${values.push(member)}`)
  const name = statementName(text, 'everyday')
  const { rows } = await db.query<CopyRow>({ text, values, ...(name !== undefined && { name }) })
  return rows.map(toCopy)
}

/** An instance is found by its key; the custodian makes it the primary one. */
function printScope({ series, instance }: StudyScope, values: unknown[]): string {
  let text = ''
  if (series !== undefined) text += ` and i.series_uid = $${values.push(series)}`
  if (instance !== undefined)
    text += ` and i.custodian = s.custodian and i.sop_instance_uid = $${values.push(instance)}`
  return text
}

function toCopy(row: CopyRow): StudyCopy {
  return {
    imagingStudy: row.imaging_study,
    study: row.study_uid,
    custodian: row.custodian,
    source: row.source,
    facts: {
      custodian: row.custodian,
      patient: row.patient,
      studyUids: row.study_uids,
      modalities: row.modalities,
      bodyRegions: row.body_regions,
      startedAt: row.started,
      labels: row.labels,
    },
    instances: row.instances.map(toInstance),
  }
}

function toInstance(row: InstanceRow): CopyInstance {
  const [instance, series, transferSyntax, landing, offset, bytes, sha256] = row
  const held = { instance, series, transferSyntax }
  if (landing === null || offset === null || bytes === null) return held
  return { ...held, deposited: { landing, offset, bytes, sha256: sha256 ?? '' } }
}
