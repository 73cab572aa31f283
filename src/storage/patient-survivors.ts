/** Whose rows are meant by ids of Patients, some of which have been merged into others. */
import type { Db } from './db.ts'

const SURVIVORS = `
select distinct coalesce(p.patient, asked.id) as id
from unnest($1::text[]) as asked (id)
left join resource_patient p on p.type = 'Patient' and p.id = asked.id`

/** Value of column `patient` of what is theirs; an id that names nobody stays as it is. */
export async function survivorsOf(db: Db, patients: readonly string[]): Promise<readonly string[]> {
  const { rows } = await db.query<{ id: string }>(SURVIVORS, [patients])
  return rows.map(({ id }) => id)
}
