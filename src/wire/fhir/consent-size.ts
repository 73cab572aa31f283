/** How much one Consent may ask: every search for its patient is judged by all of it. */
import { HubError } from '../../kernel/errors.ts'
import { isJsonObject, listOf, type JsonObject } from './json.ts'

/** Provisions, and the entries of their criteria, on all levels together. */
export const MAX_CONSENT_PARTS = 200

const CRITERIA = ['actor', 'action', 'securityLabel', 'purpose', 'code', 'data'] as const

/** Throws `unprocessable` for a Consent that is larger than any patient's wish. */
export function requireConsentBounded(consent: JsonObject): void {
  let parts = 0
  let level = listOf(consent.provision)
  while (level.length > 0 && parts <= MAX_CONSENT_PARTS) {
    const provisions = level.filter(isJsonObject)
    parts += level.length + provisions.reduce((sum, one) => sum + criteriaOf(one), 0)
    level = provisions.flatMap((one) => listOf(one.provision))
  }
  if (parts <= MAX_CONSENT_PARTS) return
  const text = `Has more than ${MAX_CONSENT_PARTS} provisions and entries of criteria in all`
  throw new HubError('unprocessable', `The Consent is too large: ${text.toLowerCase()}`, {
    problems: [{ location: 'Consent.provision', text }],
  })
}

function criteriaOf(provision: JsonObject): number {
  return CRITERIA.reduce((sum, name) => sum + listOf(provision[name]).length, 0)
}
