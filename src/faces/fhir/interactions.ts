/** What is served for each type: the router asks this table and `/metadata` prints it. */
import { HubError } from '../../kernel/errors.ts'
import { lookup } from '../../kernel/lookup.ts'

export type Interaction = 'read' | 'vread' | 'search-type' | 'create' | 'update'

const READ_ONLY = ['read', 'vread', 'search-type'] as const
const CREATED = [...READ_ONLY, 'create'] as const

export const INTERACTIONS: Readonly<Record<string, readonly Interaction[]>> = {
  Patient: READ_ONLY,
  Organization: CREATED,
  Endpoint: CREATED,
  ImagingStudy: READ_ONLY,
  DiagnosticReport: CREATED,
  Consent: [...CREATED, 'update'],
  AuditEvent: READ_ONLY,
  Provenance: READ_ONLY,
}

/** Throws `not-found` for a type the hub does not have, `method-not-allowed` for what it does not do with it. */
export function requireServed(type: string, interaction: Interaction): void {
  const served = lookup(INTERACTIONS, type)
  if (served === undefined) throw new HubError('not-found', 'No such resource type here')
  if (served.includes(interaction)) return
  throw new HubError('method-not-allowed', `${type}: ${REFUSALS[interaction]}`)
}

const REFUSALS: Readonly<Record<Interaction, string>> = {
  read: 'not read here',
  vread: 'not read by version here',
  'search-type': 'not searched here',
  create: 'written by the hub itself, with what is published',
  update: 'not updated over FHIR',
}

/** For the Allow header of a 405 (RFC 9110 section 15.5.6): `path` is relative to the base. */
export function allowedMethods(path: string): string {
  const [type = '', ...rest] = path.split('/').filter((segment) => segment !== '')
  const served = lookup(INTERACTIONS, type) ?? []
  if (type === '' || rest[0] === '_search') return 'POST'
  if (rest.length === 0) return served.includes('create') ? 'GET, HEAD, POST' : 'GET, HEAD'
  return rest.length === 1 && served.includes('update') ? 'GET, HEAD, PUT' : 'GET, HEAD'
}
