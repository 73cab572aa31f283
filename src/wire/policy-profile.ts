/** A policy profile of the installation's own, as a JSON file says it (SAMSYN_POLICY_PROFILE). */
import { z } from 'zod'
import { CARE_PURPOSES } from '../domain/access/principal.ts'
import type { PolicyProfile } from '../domain/access/profiles.ts'
import { HubError } from '../kernel/errors.ts'

const code = z.string().trim().min(1).max(100)

/** Strict: a misspelt member would leave the rule it was meant to change as it is. */
const schema = z.strictObject({
  id: code,
  consentDefault: z.enum(['opt-out', 'opt-in']),
  sharingDefault: z.enum(['members-share', 'by-agreement']),
  purposes: z.array(z.enum(CARE_PURPOSES)).min(1),
  withheldLabels: z.array(code).max(50),
  breakGlass: z.strictObject({
    reasonCodes: z.array(code).max(50),
    textRequired: z.boolean(),
  }),
  // Better refused than taken for a promise that nothing keeps.
  restrictionDisclosure: z.literal('none', {
    error: 'must be "none": this version tells no caller that something is withheld',
  }),
})

/** Throws `invalid` with every place that is wrong. */
export function parsePolicyProfile(text: string): PolicyProfile {
  const parsed = schema.safeParse(parseJson(text))
  if (parsed.success) return parsed.data
  throw new HubError('invalid', 'The policy profile is not as it should be', {
    problems: parsed.error.issues.map(({ path, message }) => ({
      location: path.map((step) => String(step)).join('.'),
      text: message,
    })),
  })
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new HubError('invalid', 'The policy profile is not JSON', { cause: error })
  }
}
