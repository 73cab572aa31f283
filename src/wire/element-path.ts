/** Saying where in a body something is, without repeating what its sender wrote. */

const LINE_FEED = 0x0a

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
  const [place = ''] = linesAndColumns(text, [at]).values()
  return place
}

/** By position, in one pass over the text however many there are. */
export function linesAndColumns(
  text: string,
  positions: readonly number[],
): ReadonlyMap<number, string> {
  const places = new Map<number, string>()
  let [line, start, index] = [1, 0, 0]
  for (const at of positions.toSorted((a, b) => a - b)) {
    for (; index < at; index++) {
      if (text.charCodeAt(index) !== LINE_FEED) continue
      line++
      start = index + 1
    }
    places.set(at, `Line ${line}, column ${at - start + 1}`)
  }
  return places
}
