/** Attribute names of PS3.6: tags by keyword. */
import { DicomMetaDictionary } from './silent-dcmjs.ts'

const TAGS: ReadonlyMap<string, string> = new Map(
  Object.entries(DicomMetaDictionary.dictionary).flatMap(([tag, entry]) =>
    entry === undefined ? [] : [[entry.name, tag.replace(/[(),]/g, '').toUpperCase()]],
  ),
)

/** The tag of a keyword, or of a tag as PS3.18 section 8.3.4.1 writes it; undefined for what is neither. */
export function tagOfAttribute(name: string): string | undefined {
  return /^[0-9A-Fa-f]{8}$/.test(name) ? name.toUpperCase() : TAGS.get(name)
}
