/** Finding a person by what names one, whatever the hub has of that person. */
import type { Db } from './db.ts'
import type { FoundResource } from './resource-search.ts'

const BY_IDENTIFIER = `
select r.id, r.content
from patient_identifier i
join resource_patient r on r.type = 'Patient' and r.id = i.patient
where i.system = $1 and i.value = $2 and i.custodian is null and not r.quarantined and r.content is not null`

export async function identifyByIdentifier(
  db: Db,
  identifier: { readonly system: string; readonly value: string },
): Promise<readonly FoundResource[]> {
  const { rows } = await db.query<{ id: string; content: string }>({
    name: 'identify-by-identifier',
    text: BY_IDENTIFIER,
    values: [identifier.system, identifier.value],
  })
  return rows.map((row) => ({ type: 'Patient', ...row }))
}

// A record that was replaced is not who is looked for: its survivor has its names.
const BY_NAME = `
select id, content from resource_patient
where type = 'Patient' and keys @> search_keys($1::text[]) and date_from >= $2 and date_until <= $3
  and patient = id and not quarantined and content is not null
order by id limit $4`

export interface NamedPerson {
  /** Keys of whole names; all must be there. */
  readonly names: readonly string[]
  readonly born: { readonly from: Date; readonly until: Date }
}

export async function identifyByName(
  db: Db,
  { names, born }: NamedPerson,
  limit: number,
): Promise<readonly FoundResource[]> {
  const { rows } = await db.query<{ id: string; content: string }>({
    name: 'identify-by-name',
    text: BY_NAME,
    values: [names, born.from, born.until, limit],
  })
  return rows.map((row) => ({ type: 'Patient', ...row }))
}
