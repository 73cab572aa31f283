/** A patient's consents and blocks as the decision reads them; `wire/fhir/consent.ts` makes them from FHIR. */
import type { OrganizationId, PatientId, StudyUid } from '../../kernel/ids.ts'

export interface PatientConsent {
  readonly id: string
  readonly patient: PatientId
  readonly provision: Provision
}

/** Absent means "any" (access.md section 3, step 5). All that is present must match. */
export interface Provision {
  readonly effect: 'permit' | 'deny'
  readonly period?:
    { readonly from?: Date | undefined; readonly until?: Date | undefined } | undefined
  /** Organisation ids, unit organisation numbers, practitioner handles or categories. */
  readonly actors?: readonly ProvisionActor[] | undefined
  readonly purposes?: readonly string[] | undefined
  readonly actions?: readonly string[] | undefined
  readonly custodians?: readonly OrganizationId[] | undefined
  readonly studies?: readonly StudyUid[] | undefined
  readonly modalities?: readonly string[] | undefined
  readonly bodyRegions?: readonly string[] | undefined
  readonly labels?: readonly string[] | undefined
  /** When the study was made. */
  readonly dataPeriod?:
    { readonly from?: Date | undefined; readonly until?: Date | undefined } | undefined
  /** Exceptions; a nested permit lifts its own consent's deny only. */
  readonly nested: readonly Provision[]
}

export type ProvisionActor =
  | { readonly kind: 'organization'; readonly id: OrganizationId }
  | { readonly kind: 'unit'; readonly orgnr: string }
  | { readonly kind: 'practitioner'; readonly handle: string }
  | { readonly kind: 'category'; readonly code: string }
