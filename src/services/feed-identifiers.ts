/** The identifiers that an identity source tells of a person, into the index. */
import type { PoolClient } from 'pg'
import type { PatientIdentifier } from '../domain/identity/patient-identifier.ts'
import { HubError } from '../kernel/errors.ts'
import type { OrganizationId, PatientId } from '../kernel/ids.ts'
import { listAuthorities, type AssigningAuthority } from '../storage/assigning-authorities.ts'
import type { Db } from '../storage/db.ts'
import {
  claimNationalId,
  findPatient,
  listIdentifiers,
  setIdentifier,
  type IndexedIdentifier,
} from '../storage/patient-identifiers.ts'
import { identifierKeys } from '../wire/fhir/search-keys.ts'

/** Which Patients the common ids are of, each once. */
export async function ownersOf(
  db: Db,
  identifiers: readonly PatientIdentifier[],
): Promise<readonly PatientId[]> {
  const owners = new Set<PatientId>()
  for (const { kind, key: system, value } of identifiers) {
    const owner = kind === 'common' ? await findPatient(db, { system, value }) : undefined
    if (owner !== undefined) owners.add(owner)
  }
  return [...owners]
}

export interface FedIdentifiers {
  readonly patient: PatientId
  readonly member: OrganizationId
  readonly identifiers: readonly PatientIdentifier[]
}

/**
 * Runs in the caller's transaction. A common id stays the person's who had it first: `conflict` says that the
 * two are to be linked. A local one is its member's to give, and links nobody. Throws `forbidden` where
 * another member speaks for the system.
 */
export async function feedIdentifiers(db: PoolClient, fed: FedIdentifiers): Promise<void> {
  const { patient, member, identifiers } = fed
  const known = await listIdentifiers(db, patient)
  const isNew = (one: PatientIdentifier): boolean =>
    !known.some((other) => isSame(other, one, member))
  requireAuthority(await listAuthorities(db), identifiers.filter(isNew), member)
  for (const one of identifiers) {
    const { kind, key: system, value, assigner, start, end } = one
    const row = { system, value, assigner, start, end }
    if (kind === 'common') {
      const owner = await claimNationalId(db, row, patient)
      if (owner !== patient) throw taken()
    }
    const isCommon = kind === 'common'
    await setIdentifier(db, {
      ...row,
      patient,
      custodian: isCommon ? null : member,
      tokens: isCommon ? [] : identifierKeys(one.system, value),
    })
  }
}

function isSame(
  { system, value, custodian }: IndexedIdentifier,
  one: PatientIdentifier,
  member: OrganizationId,
): boolean {
  const owner = one.kind === 'common' ? null : member
  return system === one.key && value === one.value && custodian === owner
}

/** PIXm 2:3.104.4.1.3: a single source for each domain. */
function requireAuthority(
  authorities: readonly AssigningAuthority[],
  identifiers: readonly PatientIdentifier[],
  member: OrganizationId,
): void {
  for (const { system } of identifiers) {
    const authority = authorities.find((one) => one.system === system)
    if (authority === undefined || authority.member === member) continue
    throw new HubError('forbidden', `Another member speaks for the identifiers of ${system}`)
  }
}

function taken(): HubError {
  return new HubError(
    'conflict',
    'An identifier is another Patient’s already: say that the two are one person with a link, or leave it out',
  )
}
