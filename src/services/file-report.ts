/** Filing a custodian's DiagnosticReport under the studies it is about (access.md section 6). */
import type { PoolClient } from 'pg'
import { HubError } from '../kernel/errors.ts'
import type { OrganizationId, PatientId } from '../kernel/ids.ts'
import type { Db } from '../storage/db.ts'
import { findOwnStudies, type LinkedStudy } from '../storage/linked-studies.ts'
import { findPatient } from '../storage/patient-identifiers.ts'
import type { NewResource } from '../storage/resources.ts'
import type { JsonObject } from '../wire/fhir/json.ts'
import { namedPatient, reportLinks } from '../wire/fhir/report-links.ts'
import { searchValues } from '../wire/fhir/search-values.ts'
import { reportFacts } from './report-facts.ts'
import type { WriteRequest } from './write-request.ts'

/**
 * The report as a row. Custodian is who the token says; studies are the custodian's own; the patient is
 * theirs, and the report must name the same. Throws `unprocessable` with what does not fit.
 */
export async function fileReport(
  db: PoolClient,
  { access, resource, id, at, base }: WriteRequest,
): Promise<NewResource> {
  const custodian = access.principal.member
  const links = reportLinks(resource, base)
  const studies = await findOwnStudies(db, {
    custodian,
    ids: links.studyIds,
    identifiers: links.identifiers,
  })
  const patient = await commonPatient(db, {
    ...{ resource, studies, base, custodian },
    links: links.studyIds,
  })
  const report = rewrite(resource, { studies, patient, member: custodian })
  return {
    type: 'DiagnosticReport',
    id,
    resource: report,
    facts: reportFacts({ studies, custodian, patient, report }),
    quarantined: studies.some((study) => study.quarantined),
    search: searchValues(report),
    at,
  }
}

interface Named {
  readonly resource: JsonObject
  readonly studies: readonly LinkedStudy[]
  /** Studies named by id: each must be there. */
  readonly links: readonly string[]
  readonly base: string
  readonly custodian: OrganizationId
}

async function commonPatient(db: Db, named: Named): Promise<PatientId | null> {
  const { studies, links } = named
  const missing = links.some((id) => !studies.some((study) => study.id === id))
  if (studies.length === 0 || missing) {
    throw refusal('DiagnosticReport.imagingStudy', 'Names no study that this member has published')
  }
  const [patient = null, ...others] = new Set(studies.map((study) => study.patient))
  if (others.length > 0) {
    throw refusal('DiagnosticReport.imagingStudy', 'Names studies of different patients')
  }
  // A study in doubt has nobody to compare with: its report waits in the same queue.
  if (studies.some((study) => study.quarantined)) return patient
  const subject = await resolveSubject(db, named)
  if (patient === null || subject !== patient) {
    throw refusal('DiagnosticReport.subject', 'Is not the patient of the studies reported on')
  }
  return patient
}

async function resolveSubject(
  db: Db,
  { resource, base, custodian }: Named,
): Promise<string | undefined> {
  const named = namedPatient(resource, base)
  if (named.kind === 'reference') return named.id
  return named.kind === 'identifier' ? findPatient(db, named, custodian) : undefined
}

interface Rewriting {
  readonly studies: readonly LinkedStudy[]
  readonly patient: PatientId | null
  readonly member: string
}

/** Logical references become the hub's own; a national id the sender used as one is not kept. */
function rewrite(report: JsonObject, { studies, patient, member }: Rewriting): JsonObject {
  const performer = report.performer ?? [{ reference: `Organization/${member}` }]
  return {
    ...report,
    ...(patient !== null && { subject: { reference: `Patient/${patient}` } }),
    performer,
    imagingStudy: studies.map((study) => ({ reference: `ImagingStudy/${study.id}` })),
  }
}

function refusal(location: string, text: string): HubError {
  return new HubError('unprocessable', 'The report could not be filed', {
    problems: [{ location, text }],
  })
}
