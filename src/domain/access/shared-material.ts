/** Which custodians' material the network shares with a requester (access.md section 3, step 4). */
import { allOf, anyOf, EVERYTHING, not, NOTHING, when } from './build-filter.ts'
import type { AccessFacts } from './decision.ts'
import type { AccessFilter } from './filter.ts'
import type { Agreement, Member } from './network.ts'
import { isDuring } from './period.ts'

/** What the request says that an agreement may be limited to. */
interface Occasion {
  readonly purpose: string
  readonly at: Date
}

/** The hub's own record of the patient, and what each active custodian shares for this purpose now. */
export function sharedMaterial(
  { member, members, agreements, profile }: AccessFacts,
  occasion: Occasion,
): AccessFilter {
  const byDefault = when(profile.sharingDefault === 'members-share')
  const terms = members
    .filter((custodian) => custodian.active)
    .map((custodian): readonly [Member, AccessFilter] => {
      if (custodian.id === member?.id) return [custodian, EVERYTHING]
      const agreement = agreements.find((one) => one.custodian === custodian.id)
      return [
        custodian,
        agreement === undefined ? byDefault : shared(agreement, occasion, byDefault),
      ]
    })
  const whole = terms.filter(([, term]) => term.kind === 'everything').map(([{ id }]) => id)
  const parts = terms.filter(([, term]) => term.kind !== 'everything')
  return anyOf([
    { kind: 'no-custodian' },
    whole.length === 0 ? NOTHING : { kind: 'custodian', in: whole },
    ...parts.map(([{ id }, term]) => allOf([{ kind: 'custodian', in: [id] }, term])),
  ])
}

/**
 * A permit is the whole of what is shared, so nothing is once it has ended; a refusal takes from the
 * default, which speaks again when the refusal has ended.
 */
function shared(agreement: Agreement, occasion: Occasion, byDefault: AccessFilter): AccessFilter {
  const { effect, purposes, modalities, validFrom, validUntil } = agreement
  const applies =
    isDuring(occasion.at, { from: validFrom, until: validUntil }) &&
    (purposes === undefined || purposes.some((purpose) => purpose === occasion.purpose))
  if (effect === 'permit') {
    return allOf([
      when(applies),
      modalities === undefined ? EVERYTHING : { kind: 'only-modalities', in: modalities },
    ])
  }
  if (!applies) return byDefault
  return modalities === undefined
    ? NOTHING
    : allOf([byDefault, not({ kind: 'may-have-modality', in: modalities })])
}
