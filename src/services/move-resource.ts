/** Giving a resource to another Patient: its row, and what its content says of whose it is. */
import type { PatientId } from '../kernel/ids.ts'
import type { Db } from '../storage/db.ts'
import { setPatient, setStudyPatient, type PatientRow } from '../storage/patient-rows.ts'
import { putResource } from '../storage/resources.ts'
import { isJsonObject, type JsonObject } from '../wire/fhir/json.ts'
import { parseJsonText } from '../wire/fhir/parse-json.ts'
import { rewriteReferences, rewriteReferencesAt } from '../wire/fhir/rewrite-references.ts'
import { searchValues } from '../wire/fhir/search-values.ts'

export interface Move {
  readonly from: PatientId
  readonly to: PatientId
  readonly at: Date
}

/**
 * Every reference to the Patient in it follows, in a new version of it; what names none (a Binary, what was
 * deleted) only changes its row. Resolves to the places that were rewritten.
 */
export async function moveResource(
  db: Db,
  row: PatientRow,
  { from, to, at }: Move,
): Promise<readonly string[]> {
  if (row.type === 'ImagingStudy') await setStudyPatient(db, row.id, to)
  const content = contentOf(row)
  const rewritten = content && rewriteReferences(content, `Patient/${from}`, `Patient/${to}`)
  if (rewritten === undefined || rewritten.places.length === 0) {
    await setPatient(db, row, to)
    return []
  }
  await put(db, row, { resource: rewritten.resource, patient: to, at })
  return rewritten.places
}

/** As it was before `moveResource`: at the places that it rewrote and nowhere else. */
export async function moveResourceBack(
  db: Db,
  row: PatientRow,
  { from, to, at, places }: Move & { readonly places: readonly string[] },
): Promise<void> {
  if (row.type === 'ImagingStudy') await setStudyPatient(db, row.id, to)
  const content = places.length === 0 ? undefined : contentOf(row)
  if (content === undefined) {
    await setPatient(db, row, to)
    return
  }
  const references = { from: `Patient/${from}`, to: `Patient/${to}` }
  const resource = rewriteReferencesAt(content, places, references)
  await put(db, row, { resource, patient: to, at })
}

/** Undefined for what was deleted. */
function contentOf({ content }: PatientRow): JsonObject | undefined {
  const parsed = content === null ? undefined : parseJsonText(content)
  return isJsonObject(parsed) ? parsed : undefined
}

interface Putting {
  readonly resource: JsonObject
  readonly patient: PatientId
  readonly at: Date
}

async function put(
  db: Db,
  { type, id, facts, quarantined }: PatientRow,
  { resource, patient, at }: Putting,
): Promise<void> {
  const search = searchValues(resource)
  const row = { type, id, resource, facts: { ...facts, patient }, quarantined, search, at }
  await putResource(db, row, { method: 'PUT' })
}
