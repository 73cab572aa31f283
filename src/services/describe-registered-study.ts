/** The ImagingStudy of a copy that its custodian registered without objects: what was sent, of whoever it is. */
import type { ImagingStudyId, OrganizationId, PatientId } from '../kernel/ids.ts'
import type { Db } from '../storage/db.ts'
import { readResource } from '../storage/resources.ts'
import { readStudyFacts } from '../storage/source-studies.ts'
import { isJsonObject, type JsonObject } from '../wire/fhir/json.ts'
import type { DescribedStudy } from './describe-study.ts'

export interface Whose {
  readonly custodian: OrganizationId
  /** Null while it is not clear whose the study is. */
  readonly patient: PatientId | null
}

/** The patient by the hub's own reference: a national id the sender named it by is not kept. */
export function registeredStudyResource(
  sent: JsonObject,
  { custodian, patient }: Whose,
): JsonObject {
  const meta = isJsonObject(sent.meta) ? sent.meta : {}
  return {
    ...sent,
    meta: { ...meta, source: `Organization/${custodian}` },
    subject:
      patient === null ? { display: 'Identity unclear' } : { reference: `Patient/${patient}` },
  }
}

/** As it is stored, of the patient it turned out to be of; undefined where there is none. */
export async function describeRegisteredStudy(
  db: Db,
  imagingStudy: ImagingStudyId,
  whose: Whose,
): Promise<DescribedStudy | undefined> {
  const stored = await readResource(db, 'ImagingStudy', imagingStudy)
  const facts = await readStudyFacts(db, imagingStudy)
  const content: unknown = JSON.parse(stored?.content ?? 'null')
  if (!isJsonObject(content) || facts === undefined) return undefined
  const { quarantined: _doubt, ...known } = facts
  return {
    resource: registeredStudyResource(content, whose),
    facts: { ...known, patient: whose.patient },
  }
}
