/** The actors of a Consent's provision: who may or may not see, and whose material. */
import type { ProvisionActor } from '../../domain/access/consent.ts'
import { HPR_HANDLE } from '../../domain/access/provision-filter.ts'
import type { OrganizationId } from '../../kernel/ids.ts'
import {
  CUSTODIAN_ROLES,
  ORGNR_ALIASES,
  PARTICIPATION_SYSTEM,
  RECIPIENT_ROLES,
} from './consent-codes-table.ts'
import { codingsOf, readList } from './consent-criteria.ts'
import type { ConsentReferences } from './consent-references.ts'
import { isJsonObject, textOf, type JsonObject } from './json.ts'
import { unread, within, type Place } from './problems.ts'
import { CATEGORY_SYSTEM, HANDLE_SYSTEM, HPR_SYSTEM } from './systems.ts'

export interface ReadActors {
  readonly actors?: readonly ProvisionActor[] | undefined
  readonly custodians?: readonly OrganizationId[] | undefined
}

type Party = { readonly actor: ProvisionActor } | { readonly custodian: OrganizationId }

/** Recipients and custodians are two conditions, both of which must hold. */
export function readActors(
  value: unknown,
  references: ConsentReferences,
  place: Place,
): ReadActors {
  const parties = readList(value, place, (item, at) => readParty(item, references, at))
  if (parties === undefined) return {}
  const actors = parties.flatMap((party) => ('actor' in party ? [party.actor] : []))
  const custodians = parties.flatMap((party) => ('custodian' in party ? [party.custodian] : []))
  return {
    ...(actors.length > 0 && { actors }),
    ...(custodians.length > 0 && { custodians }),
  }
}

function readParty(item: unknown, references: ConsentReferences, place: Place): Party {
  if (!isJsonObject(item) || !isJsonObject(item.reference)) throw unread(place, 'has no reference')
  const role = readRole(item.role)
  if (role === undefined) throw unread(within(place, '.role'), 'is neither IRCP nor CST')
  const at = within(place, '.reference')
  const actor = readActor(item.reference, at)
  if (role === 'recipient') return { actor }
  const custodian = asMember(actor, references)
  if (custodian === undefined) throw unread(at, 'is no member of the network')
  return { custodian }
}

/** R4 requires a role; who leaves it out means the recipient, whom a block is about. */
function readRole(role: unknown): 'recipient' | 'custodian' | undefined {
  if (role === undefined) return 'recipient'
  const codes = codingsOf(role)
    .filter(({ system }) => system === PARTICIPATION_SYSTEM)
    .map(({ code }) => code)
  if (codes.some((code) => RECIPIENT_ROLES.includes(code))) return 'recipient'
  return codes.some((code) => CUSTODIAN_ROLES.includes(code)) ? 'custodian' : undefined
}

function asMember(
  actor: ProvisionActor,
  references: ConsentReferences,
): OrganizationId | undefined {
  if (actor.kind === 'organization') return actor.id
  return actor.kind === 'unit' ? references.member(actor.orgnr) : undefined
}

const LOCAL = /^(Organization|Practitioner)\/([A-Za-z0-9_.-]{1,64})$/

function readActor(reference: JsonObject, place: Place): ProvisionActor {
  const text = textOf(reference.reference)
  if (text === undefined) return readIdentified(reference.identifier, place)
  const [, type, id = ''] = LOCAL.exec(text) ?? []
  if (type === 'Organization') return { kind: 'organization', id: id as OrganizationId }
  if (type === 'Practitioner') return { kind: 'practitioner', handle: id }
  throw unread(place, 'is neither an Organization nor a Practitioner of the registry')
}

/** A practitioner's national id is not taken: a Consent is stored as it came. */
function readIdentified(identifier: unknown, place: Place): ProvisionActor {
  const { system, value } = isJsonObject(identifier) ? identifier : {}
  const [from, name] = [textOf(system) ?? '', textOf(value)]
  if (name === undefined) throw unread(place, 'has neither a reference nor an identifier')
  if (ORGNR_ALIASES.includes(from)) return { kind: 'unit', orgnr: name }
  if (from === HPR_SYSTEM) return { kind: 'practitioner', handle: `${HPR_HANDLE}${name}` }
  if (from === HANDLE_SYSTEM) return { kind: 'practitioner', handle: name }
  if (from === CATEGORY_SYSTEM) return { kind: 'category', code: name }
  throw unread(place, 'is identified by neither organisation number, HPR number nor category')
}
