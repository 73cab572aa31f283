/** What is served for each type: the router asks this table and `/metadata` prints it. */
import { HubError } from '../../kernel/errors.ts'

export type Interaction = 'read' | 'vread' | 'search-type' | 'create'

const READ_ONLY = ['read', 'vread', 'search-type'] as const
const CREATED = [...READ_ONLY, 'create'] as const

export const INTERACTIONS: Readonly<Record<string, readonly Interaction[]>> = {
  Patient: READ_ONLY,
  Organization: CREATED,
  Endpoint: CREATED,
  ImagingStudy: READ_ONLY,
  DiagnosticReport: CREATED,
  Consent: CREATED,
  AuditEvent: READ_ONLY,
  Provenance: READ_ONLY,
}

/** Throws `not-found` for a type the hub does not have, `method-not-allowed` for what it does not do with it. */
export function requireServed(type: string, interaction: Interaction): void {
  const served = INTERACTIONS[type]
  if (served === undefined) throw new HubError('not-found', 'No such resource type here')
  if (served.includes(interaction)) return
  throw new HubError(
    'method-not-allowed',
    `${type} is written by the hub itself, with what is published`,
  )
}
