/** How much a Consent asks: every search for its patient is judged by all of it. */
import { HubError } from '../../kernel/errors.ts'
import { isJsonObject, listOf, type JsonObject } from './json.ts'

const MAX_PARTS = 200

const CRITERIA = ['actor', 'action', 'securityLabel', 'purpose', 'code', 'data'] as const

/** Provisions, and the entries of their criteria, on all levels together. */
export function consentParts(consent: JsonObject): number {
  let parts = 0
  let level = listOf(consent.provision)
  while (level.length > 0) {
    const provisions = level.filter(isJsonObject)
    parts += level.length + provisions.reduce((sum, one) => sum + criteriaOf(one), 0)
    level = provisions.flatMap((one) => listOf(one.provision))
  }
  return parts
}

function criteriaOf(provision: JsonObject): number {
  return CRITERIA.reduce((sum, name) => sum + listOf(provision[name]).length, 0)
}

/** Throws `unprocessable` for a Consent that is larger than any patient's wish. */
export function requireConsentBounded(consent: JsonObject): void {
  if (consentParts(consent) <= MAX_PARTS) return
  const text = `has more than ${MAX_PARTS} provisions and entries of criteria in all`
  throw new HubError('unprocessable', `The Consent ${text}`, {
    problems: [{ location: 'Consent.provision', text }],
  })
}
