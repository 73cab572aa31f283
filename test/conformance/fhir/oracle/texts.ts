/** The grammar of search values, and texts as people mean them: R4 search, "string" and "Escaping". */

/** At separators that no backslash escapes; the parts keep their escapes. */
export function split(text: string, separator: ',' | '|' | '$'): readonly string[] {
  const part = new RegExp(String.raw`(?:\\.|[^\\${separator}]|\\$)*`, 'gsuy')
  const parts: string[] = []
  for (let at = 0; at <= text.length; at += (parts.at(-1)?.length ?? 0) + 1) {
    part.lastIndex = at
    parts.push(part.exec(text)?.[0] ?? '')
  }
  return parts
}

export function unescaped(text: string): string {
  return text.replaceAll(/\\([\\|,$])/g, '$1')
}

export function escaped(text: string): string {
  return text.replaceAll(/[\\|,$]/g, String.raw`\$&`)
}

/** Without case, accents, punctuation or how a Norwegian letter is written where there is none. */
export function folded(text: string): string {
  return text
    .toLowerCase()
    .replaceAll(/ø|oe/g, 'o')
    .replaceAll(/æ|å|aa|ae/g, 'a')
    .normalize('NFD')
    .replaceAll(/\p{M}|['’]/gu, '')
    .replaceAll(/[-.,_\s]+/g, ' ')
    .trim()
}

const NAME = ['text', 'family', 'given', 'prefix', 'suffix']
const ADDRESS = ['text', 'line', 'city', 'district', 'state', 'postalCode', 'country']

/** Each part of a HumanName or an Address is a text. */
export function textsOf(value: unknown): readonly string[] {
  if (typeof value === 'string') return [value]
  const object = value as Readonly<Record<string, string | readonly string[] | undefined>>
  return [...new Set([...NAME, ...ADDRESS])].flatMap((part) => object[part] ?? [])
}
