/** The first reader of an access filter: one object, in memory. `storage/access-filter-sql.ts` is the other. */
import type { AccessFilter, ObjectFacts } from './filter.ts'
import { isDuring } from './period.ts'
import { isWanted, wantedLabels } from './security-label.ts'

type Atom = Exclude<
  AccessFilter,
  { readonly kind: 'and' | 'or' | 'not' | 'everything' | 'nothing' }
>
type ListAtom = Extract<Atom, { readonly in: readonly string[] }>
type OtherAtom = Exclude<Atom, ListAtom>

/** Whether the filter lets this object through. */
export function matches(filter: AccessFilter, facts: ObjectFacts): boolean {
  switch (filter.kind) {
    case 'everything':
      return true
    case 'nothing':
      return false
    case 'and':
      return filter.of.every((part) => matches(part, facts))
    case 'or':
      return filter.of.some((part) => matches(part, facts))
    case 'not':
      return !matches(filter.of, facts)
    default:
      return 'in' in filter ? matchesList(filter, facts) : matchesOther(filter, facts)
  }
}

function matchesOther(atom: OtherAtom, facts: ObjectFacts): boolean {
  switch (atom.kind) {
    case 'no-custodian':
      return facts.custodian === null
    case 'patient':
      return facts.patient === atom.is
    case 'may-be-dated':
      return facts.startedAt === null || isDuring(facts.startedAt, atom)
    case 'dated':
      return facts.startedAt !== null && isDuring(facts.startedAt, atom)
  }
}

function matchesList(atom: ListAtom, facts: ObjectFacts): boolean {
  switch (atom.kind) {
    case 'custodian':
      return facts.custodian !== null && atom.in.includes(facts.custodian)
    case 'any-study':
      return facts.studyUids.some((uid) => atom.in.includes(uid))
    case 'only-studies':
      return isKnownAndOnly(facts.studyUids, atom.in)
    case 'may-have-modality':
      return isUnknownOrAny(facts.modalities, atom.in)
    case 'only-modalities':
      return isKnownAndOnly(facts.modalities, atom.in)
    case 'may-have-body-region':
      return isUnknownOrAny(facts.bodyRegions, atom.in)
    case 'only-body-regions':
      return isKnownAndOnly(facts.bodyRegions, atom.in)
    case 'label':
      return facts.labels.some((label) => isWanted(label, wantedLabels(atom.in)))
    case 'only-labels':
      return (
        facts.labels.length > 0 &&
        facts.labels.every((label) => isWanted(label, wantedLabels(atom.in)))
      )
  }
}

function isKnownAndOnly(present: readonly string[], named: readonly string[]): boolean {
  return present.length > 0 && present.every((value) => named.includes(value))
}

function isUnknownOrAny(present: readonly string[], named: readonly string[]): boolean {
  return present.length === 0 || present.some((value) => named.includes(value))
}
