/** Whether an interaction of a type is served: asked by the router and for each entry of a Bundle. */
import { HubError } from '../kernel/errors.ts'
import { servedType, type Interaction, type ServedType } from './served-types-table.ts'

/** Throws `not-found` for a type the hub does not have, `method-not-allowed` for what it does not do with it. */
export function requireServed(type: string, interaction: Interaction): ServedType {
  const served = servedType(type)
  if (served === undefined) throw new HubError('not-found', 'No such resource type here')
  if (served.interactions.has(interaction)) return served
  throw new HubError('method-not-allowed', `${type}: ${REFUSALS[interaction]}`)
}

/** The same for an interaction that names what it means by a search. */
export function requireConditional(type: string, interaction: Interaction): void {
  if (requireServed(type, interaction).conditional) return
  throw new HubError('method-not-allowed', `${type}: name it by its id, not by a condition`)
}

const REFUSALS: Readonly<Record<Interaction, string>> = {
  read: 'not read here',
  vread: 'not read by version here',
  'history-instance': 'has no history here',
  'history-type': 'has no history here',
  'search-type': 'not searched here',
  create: 'written by the hub itself',
  update: 'not updated over FHIR',
  patch: 'not patched over FHIR',
  delete: 'not deleted over FHIR',
}
