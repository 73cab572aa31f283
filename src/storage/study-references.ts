/** Which studies a reference to an ImagingStudy or DiagnosticReport means. */
import type { PatientId, StudyUid } from '../kernel/ids.ts'
import type { Db } from './db.ts'

// A deleted resource keeps its policy columns: a block by reference outlives what it referred to.
const FIND = `
select type || '/' || id as reference, study_uids, patient from resource
where type in ('ImagingStudy', 'DiagnosticReport') and id = any($1::text[])`

export interface ReferencedStudies {
  readonly studies: readonly StudyUid[]
  readonly patient: PatientId | null
}

interface ReferenceRow {
  readonly reference: string
  readonly study_uids: readonly StudyUid[]
  readonly patient: PatientId | null
}

/** By `Type/id`; what is not there is absent. */
export async function findReferencedStudies(
  db: Db,
  references: readonly string[],
): Promise<ReadonlyMap<string, ReferencedStudies>> {
  if (references.length === 0) return new Map()
  const ids = references.map((reference) => reference.slice(reference.indexOf('/') + 1))
  const { rows } = await db.query<ReferenceRow>(FIND, [ids])
  return new Map(
    rows.map((row) => [row.reference, { studies: row.study_uids, patient: row.patient }]),
  )
}
