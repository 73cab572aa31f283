/** Media ranges of an Accept header, a Content-Type or `_format`, best first (RFC 9110 section 12.5.1). */

export interface FhirMediaRange {
  readonly type: string
  /** Names in lower case. */
  readonly parameters: ReadonlyMap<string, string>
}

/** Those with `q=0` are left out; of equal weight, the one named first comes first. */
export function mediaRanges(text: string): readonly FhirMediaRange[] {
  return text
    .slice(0, 1_000)
    .split(',')
    .map(readRange)
    .filter(({ weight }) => weight > 0)
    .toSorted((one, other) => other.weight - one.weight)
}

function readRange(text: string): FhirMediaRange & { readonly weight: number } {
  const [type = '', ...rest] = text.split(';')
  const parameters = new Map(
    rest.map((one): [string, string] => {
      const [name = '', value = ''] = one.split('=')
      return [name.trim().toLowerCase(), value.trim().replaceAll('"', '')]
    }),
  )
  const weight = Number(parameters.get('q') ?? '1')
  return {
    // A plus sign in a query string arrives as a space.
    type: type.trim().toLowerCase().replace(' ', '+'),
    parameters,
    weight: Number.isNaN(weight) ? 0 : weight,
  }
}
