/** Policy profiles: what law and customer decide, as data. The rule that reads them is `rules.ts`. */
import type { CarePurpose } from './principal.ts'

export interface PolicyProfile {
  readonly id: string
  /** What speaks where no provision does: `opt-out` permits, `opt-in` asks for a permit. */
  readonly consentDefault: 'opt-out' | 'opt-in'
  /** What speaks where custodian and requester have no agreement. */
  readonly sharingDefault: 'members-share' | 'by-agreement'
  readonly purposes: readonly CarePurpose[]
  /** Security labels that keep an object from personnel of other members. */
  readonly withheldLabels: readonly string[]
  readonly breakGlass: {
    /** Coded reasons that may be given; none: the glass cannot be broken. */
    readonly reasonCodes: readonly string[]
    readonly textRequired: boolean
  }
  /** Whether a caller is told that something is withheld: never, in this version. */
  readonly restrictionDisclosure: 'none'
}

/**
 * Norwegian care: statute is the basis and the patient may object (norway.md section 9); `BLAALYS` is the
 * reason hospitals already record (section 8). A blocked study does not exist (EHDS Art. 8).
 */
const NO_CARE: PolicyProfile = {
  id: 'no-care',
  consentDefault: 'opt-out',
  sharingDefault: 'members-share',
  purposes: ['TREAT', 'ETREAT', 'COC', 'BTG'],
  withheldLabels: ['NORS', 'R', 'V'],
  breakGlass: {
    reasonCodes: ['BLAALYS', 'LIFE-THREAT', 'SERIOUS-HARM', 'CANNOT-CONSENT'],
    textRequired: false,
  },
  restrictionDisclosure: 'none',
}

export const POLICY_PROFILES: readonly PolicyProfile[] = [NO_CARE]
