/** The requester's signed statement of care relationship and purpose (norway.md section 3). */
import type { CarePurpose } from './principal.ts'

export interface AttestedIdentifier {
  /** `urn:oid:…` */
  readonly system: string
  readonly value: string
}

export interface Attest {
  /** Time of attest. */
  readonly toa: Date
  readonly practitioner: AttestedIdentifier
  readonly practitionerName: string
  readonly hprNumber?: string | undefined
  readonly category?: string | undefined
  /** Organisation numbers. */
  readonly legalEntity: string
  readonly pointOfCare: string
  readonly purpose: CarePurpose
  readonly purposeDetail?: string | undefined
  readonly healthcareService?: string | undefined
  readonly decisionRef: string
  readonly userSelected: boolean
  readonly patient: AttestedIdentifier
}
