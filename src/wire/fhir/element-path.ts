/** Saying where in a resource something is, as FHIRPath, without repeating what its sender wrote. */

export type Step = string | number

/** Names FHIR could have given; others may be content that went astray. */
const ELEMENT_NAME = /^_?[A-Za-z][A-Za-z_]{0,63}(?:64[A-Za-z]{1,16})?$/

/** As `Patient.name[1].given[0]`. */
export function pathText(root: string, steps: readonly Step[]): string {
  return elementName(root) + steps.map(stepText).join('')
}

function stepText(step: Step): string {
  return typeof step === 'number' ? `[${step}]` : `.${elementName(step)}`
}

/** The name, or an asterisk for one that FHIR would not give. */
export function elementName(name: string): string {
  return ELEMENT_NAME.test(name) ? name : '*'
}
