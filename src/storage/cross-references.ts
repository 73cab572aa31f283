/** From one identifier of a person to the others, as far as the caller may know of them. */
import type { OrganizationId, PatientId } from '../kernel/ids.ts'
import type { Db } from './db.ts'
import type { Identifier, IndexedIdentifier } from './patient-identifiers.ts'
import { visibleMaterial, type Visibility } from './visibility-sql.ts'

export interface CrossReferenceReader {
  /** Whose own ids the caller knows. */
  readonly member: OrganizationId
  /** What the caller sees of the person: another custodian's id is known to who sees something of its material. */
  readonly visibility: Visibility
}

/** An id is common, the reader's own, or of a custodian of whose material about the person something is seen. */
function knownIds({ member, visibility }: CrossReferenceReader, parameters: unknown[]): string {
  const seen = visibleMaterial(
    { visibility, parameters },
    'about.patient = i.patient and about.custodian = i.custodian',
  )
  return `(i.custodian is null or i.custodian = $${parameters.push(member)} or ${seen})`
}

/** The Patients that have the identifier, at most two of them. */
export async function findCrossReferenced(
  db: Db,
  { system, value }: Identifier,
  reader: CrossReferenceReader,
): Promise<readonly PatientId[]> {
  const parameters: unknown[] = [system, value]
  const text = `
    select distinct i.patient from patient_identifier i
    where i.system = $1 and i.value = $2 and ${knownIds(reader, parameters)}
    limit 2`
  const { rows } = await db.query<{ patient: PatientId }>(text, parameters)
  return rows.map(({ patient }) => patient)
}

export async function listCrossReferences(
  db: Db,
  patient: PatientId,
  reader: CrossReferenceReader,
): Promise<readonly IndexedIdentifier[]> {
  const parameters: unknown[] = [patient]
  const text = `
    select i.system, i.value, i.custodian, i.assigner, i.starts_at as starts, i.ends_at as ends
    from patient_identifier i
    where i.patient = $1 and ${knownIds(reader, parameters)}
    order by i.custodian nulls first, i.system, i.value limit 1000`
  const { rows } = await db.query<IndexedIdentifier>(text, parameters)
  return rows
}
