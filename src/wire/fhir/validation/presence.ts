/** How often elements and slices occur, and names that no element has. */
import type { JsonObject } from '../json.ts'
import type { ElementRule } from './element-rule.ts'
import type { Findings } from './issues.ts'
import type { Plan } from './plan.ts'

/** Elements and slices that must be there and of which nothing is. */
export function noteMissing(
  findings: Findings,
  value: JsonObject,
  { required, sliced }: Plan,
  { at, choices }: { readonly at: string; readonly choices: ReadonlySet<ElementRule> },
): void {
  const isThere = (rule: ElementRule): boolean =>
    choices.has(rule) || value[rule.name] !== undefined || value[`_${rule.name}`] !== undefined
  for (const rule of required) {
    if (isThere(rule)) continue
    findings.error('required', `${at}.${rule.name}`, `Missing: at least ${rule.min} required`)
  }
  for (const rule of sliced) {
    if (!isThere(rule)) noteSliceCounts(findings, rule, [], `${at}.${rule.name}`)
  }
}

/** Undefined where the bounds of the element hold for so many values. */
export function noteCount(findings: Findings, rule: ElementRule, count: number, at: string): void {
  if (count < rule.min) {
    findings.error('required', at, `At least ${rule.min} required, ${count} given`)
  }
  if (count > rule.max) {
    findings.error('structure', at, `At most ${rule.max} allowed, ${count} given`)
  }
}

type Chosen = readonly (ElementRule | undefined)[]

/** `chosen` has the slice of each value, in their order. */
export function noteSliceCounts(
  findings: Findings,
  rule: ElementRule,
  chosen: Chosen,
  at: string,
): void {
  for (const slice of rule.slices) {
    const count = chosen.filter((one) => one === slice).length
    const name = String(slice.sliceName)
    if (count < slice.min) {
      findings.error('required', at, `At least ${slice.min} of the slice ${name} required`)
    }
    if (count > slice.max) {
      findings.error('structure', at, `At most ${slice.max} of the slice ${name} allowed`)
    }
  }
  if (rule.slicing?.rules === 'closed' && chosen.includes(undefined)) {
    findings.error('structure', at, 'Belongs to no slice, and the profile allows no other')
  }
  if (rule.slicing?.ordered === true && !isOrdered(rule, chosen)) {
    findings.error('structure', at, 'Not in the order of the slices')
  }
}

function isOrdered(rule: ElementRule, chosen: Chosen): boolean {
  const order = chosen.flatMap((one) => (one === undefined ? [] : rule.slices.indexOf(one)))
  return order.every((place, index) => place >= (order[index - 1] ?? 0))
}

/**
 * A name under which the object has no element: one of another type of a choice, or none at all. Answers
 * with the choice, which is not missing besides.
 */
export function noteUnknown(
  findings: Findings,
  name: string,
  at: string,
  { plan, isDataType }: { readonly plan: Plan; readonly isDataType: (name: string) => boolean },
): ElementRule | undefined {
  const choice = [...plan.slots.values()].find(
    ({ rule }) =>
      rule.choice && name.startsWith(rule.name) && isDataType(name.slice(rule.name.length)),
  )?.rule
  if (choice === undefined) {
    findings.error('structure', `${at}.${name.slice(0, 64)}`, 'FHIR has no such element here')
  } else {
    const text = `Not one of the types that ${choice.name} may have`
    findings.error('structure', `${at}.${choice.name}`, text)
  }
  return choice
}
