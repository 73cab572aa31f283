/**
 * Filing what a custodian contributes beside studies and reports: observations, orders, tasks, documents,
 * lists and their bytes (access.md section 6).
 */
import type { PoolClient } from 'pg'
import { NO_FACTS, type ObjectFacts } from '../domain/access/filter.ts'
import { HubError } from '../kernel/errors.ts'
import type { OrganizationId, PatientId } from '../kernel/ids.ts'
import type { Db } from '../storage/db.ts'
import { findLinkedRows, findOwnRow, type LinkedRow } from '../storage/linked-rows.ts'
import type { NewResource } from '../storage/resources.ts'
import { contextRef } from '../storage/visibility-sql.ts'
import {
  localReference,
  localReferences,
  subjectElement,
  subjectOf,
} from '../wire/fhir/clinical-links.ts'
import { isJsonObject, textOf, type JsonObject } from '../wire/fhir/json.ts'
import { searchValues } from '../wire/fhir/search-values.ts'
import { reportFacts } from './report-facts.ts'
import { resolveSubject } from './resolve-subject.ts'
import type { WriteRequest } from './write-request.ts'

/**
 * The custodian is who the token says. Throws `unprocessable` for a patient the hub does not know, or who
 * is not that of a study or report of the custodian's own that is referred to; `conflict` where whose such
 * a study is is in doubt.
 */
export async function fileClinical(db: PoolClient, request: WriteRequest): Promise<NewResource> {
  const { access, resource, id, at, base } = request
  const type = String(resource.resourceType)
  const custodian = access.principal.member
  const context =
    type === 'Binary' ? await contextRow(db, { resource, base, custodian }) : undefined
  const filed =
    context === undefined
      ? await fileAboutPatient(db, { type, resource, base, custodian })
      : { resource, facts: factsOf(context) }
  const search = searchValues(filed.resource)
  const refs = context === undefined ? search.refs : [contextRef(context)]
  return { type, id, ...filed, quarantined: false, search: { ...search, refs }, at }
}

interface Filing {
  readonly resource: JsonObject
  readonly base: string
  readonly custodian: OrganizationId
}

interface Filed {
  readonly resource: JsonObject
  readonly facts: ObjectFacts
}

async function fileAboutPatient(
  db: Db,
  { type, resource, base, custodian }: Filing & { readonly type: string },
): Promise<Filed> {
  const place = { type, element: subjectElement(type) }
  const named = subjectOf(resource, base)
  const patient = named === undefined ? null : await resolveSubject(db, named, custodian)
  if (patient === undefined) throw refusal(place, 'Names no patient that the registry knows')
  const types = ['ImagingStudy', 'DiagnosticReport']
  const links = await findLinkedRows(db, localReferences(resource, { types, base }))
  const own = links.filter((link) => link.custodian === custodian)
  if (own.some((link) => link.quarantined)) throw doubtful()
  if (own.some((link) => link.patient !== patient))
    throw refusal(place, 'Is not the patient of the studies and reports referred to')
  const facts = reportFacts({ studies: own, custodian, patient, report: resource })
  // A block that names a study covers what is about any copy of it.
  const studyUids = [...new Set(links.flatMap((link) => link.studyUids))]
  return { resource: withSubject(resource, place.element, patient), facts: { ...facts, studyUids } }
}

/** Logical references become the hub's own; a national id the sender used as one is not kept. */
function withSubject(resource: JsonObject, element: string, patient: PatientId | null): JsonObject {
  return patient === null
    ? resource
    : { ...resource, [element]: { reference: `Patient/${patient}` } }
}

/** A Binary is as open as the resource that it says governs it (R4 binary, "Security Context"). */
async function contextRow(
  db: Db,
  { resource, base, custodian }: Filing,
): Promise<LinkedRow | undefined> {
  const { securityContext } = resource
  const reference = isJsonObject(securityContext) ? textOf(securityContext.reference) : undefined
  const local = reference === undefined ? undefined : localReference(reference, base)
  if (local === undefined || local.type === 'Patient') return undefined
  const found = local.type === 'Binary' ? undefined : await findOwnRow(db, local, custodian)
  if (found?.quarantined === true) throw doubtful()
  if (found !== undefined) return found
  throw refusal(
    { type: 'Binary', element: 'securityContext' },
    'Names nothing that this member has published',
  )
}

function factsOf({ custodian, patient, ...row }: LinkedRow): ObjectFacts {
  const { studyUids, modalities, bodyRegions, startedAt, labels } = row
  return { ...NO_FACTS, custodian, patient, studyUids, modalities, bodyRegions, startedAt, labels }
}

function doubtful(): HubError {
  return new HubError(
    'conflict',
    'It is not yet clear whose the study is that this refers to; send it again when that is settled',
  )
}

interface ElementPlace {
  readonly type: string
  readonly element: string
}

function refusal({ type, element }: ElementPlace, text: string): HubError {
  return new HubError('unprocessable', `The ${type} could not be filed`, {
    problems: [{ location: `${type}.${element}`, text }],
  })
}
