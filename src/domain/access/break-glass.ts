/** Emergency access: what must be said to break the glass, and what is owed for it (access.md section 3, step 7). */
import type { AccessRequest, Obligation } from './decision.ts'
import type { BreakGlass } from './grant.ts'
import type { PolicyProfile } from './profiles.ts'
import { isClinical } from './roles.ts'

/** Never silently: told at once, looked at afterwards, and to be shown to the patient. */
export const BREAK_GLASS_OBLIGATIONS: readonly Obligation[] = [
  'notify-privacy-officer',
  'queue-review',
  'show-patient-override',
]

/** Whether the reason given is one the profile accepts, with words where it asks for them. */
export function isReasonSufficient(
  breakGlass: BreakGlass | undefined,
  { breakGlass: terms }: PolicyProfile,
): breakGlass is BreakGlass {
  return (
    breakGlass !== undefined &&
    terms.reasonCodes.includes(breakGlass.reasonCode) &&
    (!terms.textRequired || (breakGlass.text ?? '').trim() !== '')
  )
}

export function breaksGlass({ grant, action }: AccessRequest, profile: PolicyProfile): boolean {
  return (
    grant?.purpose === 'BTG' && isClinical(action) && isReasonSufficient(grant.breakGlass, profile)
  )
}
