/** Saying where in a body something is, without repeating what its sender wrote. */

export type Step = string | number

/** Names FHIR could have given; others may be content that went astray. */
const ELEMENT_NAME = /^_?[A-Za-z][A-Za-z_]{0,63}(?:64[A-Za-z]{1,16})?$/

/** FHIRPath, as `Patient.name[1].given[0]`. */
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

/** As `Line 3, column 5`. */
export function lineAndColumn(text: string, at: number): string {
  let line = 1
  let start = 0
  for (let end = text.indexOf('\n'); end >= 0 && end < at; end = text.indexOf('\n', start)) {
    line++
    start = end + 1
  }
  return `Line ${line}, column ${at - start + 1}`
}
