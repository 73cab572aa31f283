/** `If-Match` of a FHIR request: entity tags whose values are version ids (R4 http, section 3.1.0.1.3). */
import { HubError } from '../../kernel/errors.ts'

/** Versions that the caller takes for the current one; `any` where it wants the resource to be there. */
export type VersionMatch = 'any' | readonly number[]

/** Undefined without a header. Throws `invalid` for what holds no entity tag. */
export function readVersionMatch(header: string | undefined): VersionMatch | undefined {
  if (header === undefined) return undefined
  if (header.trim() === '*') return 'any'
  const tags = header.split(',').map((one) => /^(?:W\/)?"([^"]*)"$/.exec(one.trim())?.[1])
  if (tags.includes(undefined))
    throw new HubError('invalid', 'If-Match holds entity tags, as W/"3", or *')
  // A tag of something else is nobody's version.
  return tags.map((tag) => (/^[1-9]\d{0,8}$/.test(tag ?? '') ? Number(tag) : 0))
}
