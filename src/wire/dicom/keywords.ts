/** Attribute names of PS3.6: tags by keyword. */
import { lookup } from '../../kernel/lookup.ts'
import { DicomMetaDictionary } from './silent-dcmjs.ts'

/** The tag of a keyword, or of a tag as PS3.18 section 8.3.4.1 writes it; undefined for what is neither. */
export function tagOfAttribute(name: string): string | undefined {
  if (/^[0-9A-Fa-f]{8}$/.test(name)) return name.toUpperCase()
  const { nameMap } = DicomMetaDictionary
  return lookup(nameMap, name)?.tag.replace(/[(),]/g, '').toUpperCase()
}
