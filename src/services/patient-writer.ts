/** The writer of Patients over FHIR: who may, what a condition means, and what may be deleted. */
import type { PoolClient } from 'pg'
import type { NationalIdRules } from '../domain/identity/national-id.ts'
import type { PatientIdentifier } from '../domain/identity/patient-identifier.ts'
import { HubError } from '../kernel/errors.ts'
import type { PatientId } from '../kernel/ids.ts'
import {
  findPatient,
  removeIdentifier,
  removeIdentifiers,
  listIdentifiers,
} from '../storage/patient-identifiers.ts'
import { hasReplaced } from '../storage/patient-merges.ts'
import { hasPatientRows } from '../storage/patient-rows.ts'
import { readFedPatient, readIdentifier } from '../wire/fhir/fed-patient.ts'
import type { JsonObject } from '../wire/fhir/json.ts'
import { alternatives, parseToken } from '../wire/fhir/search-text.ts'
import type { Search } from '../wire/fhir/search.ts'
import { ownersOf } from './feed-identifiers.ts'
import { makeFilePatient, type FilePatientDeps } from './file-patient.ts'
import { patientPseudonym } from './patient-pseudonym.ts'
import type { ResourceWriter } from './resource-writers.ts'
import type { DeleteRequest, WriteCondition } from './write-request.ts'

export function makePatientWriter(deps: FilePatientDeps): ResourceWriter {
  return {
    action: 'link-patients',
    toRow: makeFilePatient(deps),
    contributed: false,
    hasSendersIds: true,
    idOf: (resource) => idOf(resource, deps),
    match: (db, condition) => match(db, condition, deps.rules),
    beforeDelete: (db, request) => remove(db, request, deps.rules),
  }
}

/** The hub's own of whoever has the personal number, so that grants which were given before are good (grant-access.ts). */
function idOf(resource: JsonObject, { rules, sealer }: FilePatientDeps): string | undefined {
  const { identifiers } = readFedPatient(resource, { rules, base: '' })
  const national = identifiers.find((one) => one.isNational && one.end === undefined)
  return national && patientPseudonym(sealer, national)
}

/**
 * The Patient that has the identifier, whoever sees it or not; where none has it, the one that a common id in
 * the resource is of: so that a source’s own id comes to the person that the hub knows (ITI-104).
 */
async function match(
  db: PoolClient,
  { access, search, resource }: WriteCondition,
  rules: NationalIdRules,
): Promise<readonly string[]> {
  const { key: system, value } = identifierOf(search, rules, resource)
  const found = await findPatient(db, { system, value }, access.principal.member)
  if (found !== undefined) return [found]
  if (resource === undefined) return []
  return ownersOf(db, readFedPatient(resource, { rules, base: '' }).identifiers)
}

/** The one identifier that the condition is about: as the resource has it, which may name the assigner too. */
function identifierOf(
  { understood, ignored }: Search,
  rules: NationalIdRules,
  resource: JsonObject | undefined,
): PatientIdentifier {
  const [first, ...others] = understood
  const [only = '', ...more] = first?.[0] === 'identifier' ? alternatives(first[1]) : []
  const token = parseToken(only)
  const { system, value = '' } = token
  if (others.length + more.length + ignored.length > 0 || !system || value === '')
    throw new HubError('invalid', 'A condition on Patient is one identifier, as system|value')
  if (resource === undefined) return readable(readIdentifier({ system, value }, rules))
  const told = readFedPatient(resource, { rules, base: '' }).identifiers
  const own = told.find((one) => one.value === value && isOf(one, system, rules))
  if (own !== undefined) return own
  throw new HubError('unprocessable', 'The Patient could not be filed', {
    problems: [
      { location: 'Patient.identifier', text: 'Lacks the identifier that the condition names' },
    ],
  })
}

/** National ids are told apart by themselves, however they are labelled. */
function isOf(
  { system, value }: PatientIdentifier,
  asked: string,
  rules: NationalIdRules,
): boolean {
  if (system === asked) return true
  const read = readIdentifier({ system: asked, value }, rules)
  return read.ok && read.identifier.system === system
}

function readable(read: ReturnType<typeof readIdentifier>): PatientIdentifier {
  if (read.ok) return read.identifier
  throw new HubError('invalid', 'The identifier in the condition names no patient')
}

/**
 * ITI-104 2:3.104.4.3: the hub forgets the identifier that the source has removed. A person of whom there is
 * nothing more is deleted; one with material stays. Throws `conflict` for a link that has to be taken back first.
 */
async function remove(
  db: PoolClient,
  { access, previous, search }: DeleteRequest,
  rules: NationalIdRules,
): Promise<'kept' | undefined> {
  const patient = previous.id as PatientId
  if (previous.facts.patient !== patient || (await hasReplaced(db, patient)))
    throw new HubError('conflict', 'This Patient is linked to another: part them first')
  const isUsed = await hasPatientRows(db, patient)
  if (search === undefined) {
    if (isUsed) throw used()
    await removeIdentifiers(db, patient)
    return undefined
  }
  const { kind, key: system, value } = identifierOf(search, rules, undefined)
  // The number is what the person's studies are found by.
  if (kind === 'common' && isUsed) throw used()
  const custodian = kind === 'common' ? null : access.principal.member
  await removeIdentifier(db, { system, value, custodian, patient })
  if (isUsed || (await listIdentifiers(db, patient)).length > 0) return 'kept'
  return undefined
}

function used(): HubError {
  return new HubError('conflict', 'The registry holds material of this person, which has to stay')
}
