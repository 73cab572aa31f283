/** Media types and Accept headers (RFC 9110 sections 8.3.1 and 12.5.1). */

export interface MediaType {
  /** `type/subtype`, lower case. */
  readonly type: string
  /** Names in lower case, values unquoted. */
  readonly parameters: ReadonlyMap<string, string>
}

export interface MediaRange extends MediaType {
  /** 0 to 1. */
  readonly quality: number
}

const TOKEN = String.raw`[!#$%&'*+.^_\x60|~0-9A-Za-z-]+`
const TYPE = new RegExp(String.raw`^\s*(${TOKEN}/${TOKEN})\s*`)
const PARAMETER = new RegExp(
  String.raw`^;\s*(?:(${TOKEN})\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s;,"]*)))?\s*`,
)

/** Undefined where the text is not one media type. */
export function parseMediaType(text: string): MediaType | undefined {
  const found = takeMediaType(text)
  return found?.rest === '' ? found.value : undefined
}

/** The ranges of an Accept header, best first; what is malformed is passed over (PS3.18 section 8.7.8). */
export function parseAccept(text: string): readonly MediaRange[] {
  const ranges: MediaRange[] = []
  let rest = text
  while (rest !== '') {
    const found = takeMediaType(rest)
    if (found !== undefined) ranges.push(toRange(found.value))
    const comma = (found?.rest ?? rest).indexOf(',')
    rest = comma < 0 ? '' : (found?.rest ?? rest).slice(comma + 1)
  }
  return ranges.filter(({ quality }) => quality > 0).toSorted((a, b) => b.quality - a.quality)
}

function takeMediaType(text: string): { value: MediaType; rest: string } | undefined {
  const head = TYPE.exec(text)
  if (head === null) return undefined
  const parameters = new Map<string, string>()
  let rest = text.slice(head[0].length)
  for (let next = PARAMETER.exec(rest); next !== null; next = PARAMETER.exec(rest)) {
    const [whole, name, quoted, plain] = next
    if (name !== undefined)
      parameters.set(name.toLowerCase(), quoted?.replace(/\\(.)/g, '$1') ?? plain ?? '')
    rest = rest.slice(whole.length)
  }
  return { value: { type: (head[1] ?? '').toLowerCase(), parameters }, rest }
}

function toRange({ type, parameters }: MediaType): MediaRange {
  const quality = Number(parameters.get('q') ?? 1)
  return { type, parameters, quality: quality >= 0 && quality <= 1 ? quality : 0 }
}
