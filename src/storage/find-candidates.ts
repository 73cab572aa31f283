/** Patients that may be the one who is asked for: by what they share with what is told. */
import type { OrganizationId, PatientId } from '../kernel/ids.ts'
import type { Db } from './db.ts'
import type { Identifier } from './patient-identifiers.ts'

export interface FoundCandidate {
  readonly id: PatientId
  /** JSON text. */
  readonly content: string
}

// A record that was replaced is not offered: its survivor has its identifiers and names.
const STANDS = `r.type = 'Patient' and r.patient = r.id and not r.quarantined and r.content is not null`

const BY_IDENTIFIERS = `
select distinct r.id, r.content
from json_to_recordset($1::json) as asked (system text, value text)
join patient_identifier i on i.system = asked.system and i.value = asked.value
  and (i.custodian is null or i.custodian = $2::text)
join resource r on r.id = i.patient
where ${STANDS}
order by r.id limit $3`

export interface Asking {
  readonly identifiers: readonly Identifier[]
  /** Whose own ids find a person too. */
  readonly custodian?: OrganizationId | undefined
}

/** By ids that are one person's, and by ids of the custodian's own. */
export async function findByIdentifiers(
  db: Db,
  { identifiers, custodian }: Asking,
  limit: number,
): Promise<readonly FoundCandidate[]> {
  if (identifiers.length === 0) return []
  const asked = identifiers.map(({ system, value }) => ({ system, value }))
  const values = [JSON.stringify(asked), custodian, limit]
  const { rows } = await db.query<FoundCandidate>({
    name: 'find-candidates-by-identifier',
    text: BY_IDENTIFIERS,
    values,
  })
  return rows
}

const BY_NAME = `
select r.id, r.content from resource r
where r.keys && search_keys($1::text[]) and r.date_from >= $2 and r.date_until <= $3 and ${STANDS}
order by r.id limit $4`

export interface NamedAndBorn {
  /** Keys of whole names, of which one is enough. */
  readonly names: readonly string[]
  readonly born: { readonly from: Date; readonly until: Date }
}

export async function findByNameAndBirth(
  db: Db,
  { names, born }: NamedAndBorn,
  limit: number,
): Promise<readonly FoundCandidate[]> {
  if (names.length === 0) return []
  const { rows } = await db.query<FoundCandidate>({
    name: 'find-candidates-by-name',
    text: BY_NAME,
    values: [names, born.from, born.until, limit],
  })
  return rows
}
