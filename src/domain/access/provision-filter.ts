/**
 * What one provision of a patient's consent says about objects, as filters (access.md section 3, step 5).
 *
 * A provision speaks about the request (who, why, what for, when), which is settled here, and about the
 * object, which is left to the filter. What is unknown always satisfies a refusal and never a permission,
 * so each provision has two readings: where it may match, and where it surely does.
 */
import { allOf, anyOf, not, NOTHING, when } from './build-filter.ts'
import type { Provision, ProvisionActor } from './consent.ts'
import type { AccessFilter } from './filter.ts'
import { isDuring } from './period.ts'
import type { Action, Practitioner } from './principal.ts'
import { purposeCovers } from './purposes.ts'
import type { OrganizationId } from '../../kernel/ids.ts'

/** The asking side of a request, as provisions name it. */
export interface Requester {
  readonly member: OrganizationId
  readonly orgnr: string | undefined
  readonly unit: string | undefined
  readonly practitioner: Practitioner | undefined
  readonly purpose: string | undefined
  readonly action: Action
  readonly at: Date
}

/** A practitioner named by HPR number rather than by the hub's own handle. */
export const HPR_HANDLE = 'hpr|'

type Reading = 'may' | 'surely'

const NO_CUSTODIAN: AccessFilter = { kind: 'no-custodian' }

/** The objects this provision refuses: a nested permit lifts its own parent only, and a nested deny wins. */
export function denied(provision: Provision, requester: Requester): AccessFilter {
  const reach = matching(provision, requester, 'may')
  if (reach.kind === 'nothing') return NOTHING
  const refused = anyOf(provision.nested.map((nested) => denied(nested, requester)))
  if (provision.effect === 'permit') return allOf([reach, refused])
  const lifted = anyOf(provision.nested.map((nested) => permitted(nested, requester)))
  return allOf([reach, anyOf([not(lifted), refused])])
}

/** The objects this provision permits, by itself or by an exception from its refusal. */
export function permitted(provision: Provision, requester: Requester): AccessFilter {
  const reach = matching(provision, requester, 'surely')
  if (reach.kind === 'nothing') return NOTHING
  const refused = anyOf(provision.nested.map((nested) => denied(nested, requester)))
  if (provision.effect === 'permit') return allOf([reach, not(refused)])
  const lifted = anyOf(provision.nested.map((nested) => permitted(nested, requester)))
  return allOf([reach, lifted, not(refused)])
}

/** The refusals among them that name this requester's unit or person, and not just anyone. */
export function deniedByName(provision: Provision, requester: Requester): AccessFilter {
  if (namesUnitOrPerson(provision, requester)) return denied(provision, requester)
  const nested = provision.nested.map((one) => deniedByName(one, requester))
  return allOf([matching(provision, requester, 'may'), anyOf(nested)])
}

function namesUnitOrPerson({ actors = [] }: Provision, requester: Requester): boolean {
  return actors.some((actor) => {
    if (actor.kind === 'unit') return actor.orgnr === requester.unit
    return actor.kind === 'practitioner' && isActor(actor, requester, 'may')
  })
}

function matching(provision: Provision, requester: Requester, reading: Reading): AccessFilter {
  return allOf([
    when(concerns(provision, requester, reading)),
    ...named(provision, reading),
    ...(reading === 'may' ? guessed(provision) : known(provision)),
  ])
}

function concerns(provision: Provision, requester: Requester, reading: Reading): boolean {
  const { period, actors, purposes, actions } = provision
  const { purpose } = requester
  return (
    (period === undefined || isDuring(requester.at, period)) &&
    (actors === undefined || actors.some((actor) => isActor(actor, requester, reading))) &&
    (purposes === undefined ||
      (purpose === undefined
        ? reading === 'may'
        : purposes.some((name) => purposeCovers(name, purpose)))) &&
    (actions === undefined || actions.includes(requester.action))
  )
}

function isActor(actor: ProvisionActor, requester: Requester, reading: Reading): boolean {
  const { practitioner } = requester
  switch (actor.kind) {
    case 'organization':
      return actor.id === requester.member
    case 'unit':
      return actor.orgnr === requester.unit || actor.orgnr === requester.orgnr
    case 'practitioner':
      return practitioner !== undefined && isPractitioner(actor.handle, practitioner, reading)
    case 'category':
      return practitioner !== undefined && isSame(actor.code, practitioner.category, reading)
  }
}

function isPractitioner(handle: string, practitioner: Practitioner, reading: Reading): boolean {
  if (!handle.startsWith(HPR_HANDLE)) return handle === practitioner.handle
  return isSame(handle.slice(HPR_HANDLE.length), practitioner.hprNumber, reading)
}

/** Someone whose number or category the issuer left out cannot slip past a refusal by it. */
function isSame(named: string, value: string | undefined, reading: Reading): boolean {
  return value === undefined ? reading === 'may' : value === named
}

/** What the object itself always says, or does not. */
function named({ custodians, studies, labels }: Provision, reading: Reading): AccessFilter[] {
  return [
    ...(custodians === undefined ? [] : [{ kind: 'custodian', in: custodians } as const]),
    ...(studies === undefined
      ? []
      : [{ kind: reading === 'may' ? 'any-study' : 'only-studies', in: studies } as const]),
    ...(labels === undefined
      ? []
      : [{ kind: reading === 'may' ? 'label' : 'only-labels', in: labels } as const]),
  ]
}

/** A refusal reaches what may be meant, but not the hub's own record, which has none of these. */
function guessed({ modalities, bodyRegions, dataPeriod }: Provision): AccessFilter[] {
  const atoms: AccessFilter[] = [
    ...(modalities === undefined ? [] : [{ kind: 'may-have-modality', in: modalities } as const]),
    ...(bodyRegions === undefined
      ? []
      : [{ kind: 'may-have-body-region', in: bodyRegions } as const]),
    ...(dataPeriod === undefined ? [] : [{ kind: 'may-be-dated', ...dataPeriod } as const]),
  ]
  return atoms.length === 0 ? [] : [...atoms, not(NO_CUSTODIAN)]
}

function known({ modalities, bodyRegions, dataPeriod }: Provision): AccessFilter[] {
  return [
    ...(modalities === undefined ? [] : [{ kind: 'only-modalities', in: modalities } as const]),
    ...(bodyRegions === undefined ? [] : [{ kind: 'only-body-regions', in: bodyRegions } as const]),
    ...(dataPeriod === undefined ? [] : [{ kind: 'dated', ...dataPeriod } as const]),
  ]
}
