/**
 * Patients as identity sources feed them (PIXm ITI-104): entered, revised, said to be replaced by another, and
 * parted again. An identity clerk's or a registered feed's to do (access.md section 6); a publisher's word
 * about a person comes with its studies and messages (resolve-patient.ts).
 */
import type { PoolClient } from 'pg'
import type { NationalIdRules } from '../domain/identity/national-id.ts'
import type { PatientIdentifier } from '../domain/identity/patient-identifier.ts'
import { HubError } from '../kernel/errors.ts'
import type { PatientId } from '../kernel/ids.ts'
import { announceChanges } from '../storage/access-changes.ts'
import { findPatient } from '../storage/patient-identifiers.ts'
import { claimName, confirmName } from '../storage/patient-names.ts'
import type { NewResource } from '../storage/resources.ts'
import {
  commonIdentifiers,
  readFedPatient,
  type FedPatient,
  type OtherPatient,
} from '../wire/fhir/fed-patient.ts'
import { listOf, type JsonObject } from '../wire/fhir/json.ts'
import type { DoubtStudyDeps } from './doubt-study.ts'
import { feedIdentifiers, ownersOf } from './feed-identifiers.ts'
import { readPatient } from './keep-patient.ts'
import { linkRecords, linkerOf, type Link } from './link-patients.ts'
import { mergePatients, type LinkedPatients } from './merge-patients.ts'
import type { RecordAudit } from './record-audit.ts'
import { patientRow, storePatient } from './store-patient.ts'
import { unmergePatients } from './unmerge-patients.ts'
import type { WriteRequest } from './write-request.ts'

export interface FilePatientDeps extends DoubtStudyDeps {
  /** Production takes no synthetic ids, development no others (SAMSYN_ENV). */
  readonly rules: NationalIdRules
  readonly recordAudit: RecordAudit
}

/**
 * The Patient as a row. Throws `unprocessable` with what does not fit, `conflict` where an identifier is another's or the
 * Patient has been replaced, `forbidden` for identifiers that another member speaks for.
 */
export type FilePatient = (db: PoolClient, request: WriteRequest) => Promise<NewResource>

export function makeFilePatient(deps: FilePatientDeps): FilePatient {
  return async (db, request) => {
    const { resource, base } = request
    const fed = readFedPatient(resource, { rules: deps.rules, base })
    if (fed.problems.length > 0)
      throw new HubError('unprocessable', 'The Patient could not be filed', {
        problems: fed.problems,
      })
    const filing = { request, fed, deps }
    const { previous } = request
    if (previous === undefined) return fileNew(db, filing)
    const id = previous.id as PatientId
    if (previous.facts.patient !== id) return fileReplaced(db, filing, id)
    return fileKnown(db, filing, { id, before: (await readPatient(db, id)) ?? {} })
  }
}

interface Filing {
  readonly request: WriteRequest
  readonly fed: FedPatient
  readonly deps: FilePatientDeps
}

interface Known {
  readonly id: PatientId
  readonly before: JsonObject
}

async function fileNew(db: PoolClient, filing: Filing): Promise<NewResource> {
  const { request, fed } = filing
  if ((await ownersOf(db, fed.identifiers)).length > 0)
    throw new HubError(
      'conflict',
      'The registry has this person: update with a condition on the identifier (ITI-104)',
    )
  const id = request.id as PatientId
  const known = { id, before: {} }
  if (fed.replacedBy === undefined && fed.replaces.length === 0) return fileKnown(db, filing, known)
  // What is linked has to be there first.
  const before = revised(fed, known)
  await storePatient(db, before, { id, at: request.at, method: 'POST' })
  return fileKnown(db, filing, { id, before })
}

async function fileKnown(
  db: PoolClient,
  filing: Filing,
  { id, before }: Known,
): Promise<NewResource> {
  const { request, fed } = filing
  const { at } = request
  const { member } = request.access.principal
  if (fed.replacedBy !== undefined)
    return fileReplacing(db, filing, { id, before, other: fed.replacedBy })
  await feedIdentifiers(db, { patient: id, member, identifiers: fed.identifiers })
  for (const other of fed.replaces)
    await merge(db, filing, { replaced: await locate(db, filing, other), survivor: id })
  const now = fed.replaces.length === 0 ? before : ((await readPatient(db, id)) ?? before)
  if (fed.rest.name !== undefined) {
    await claimName(db, id, member)
    await confirmName(db, { patient: id, at })
  }
  return patientRow(revised(fed, { id, before: now }), { id, at })
}

/** ITI-104 2:3.104.4.2: the subsumed record keeps what it says, and an id that was given up for another ends. */
async function fileReplacing(
  db: PoolClient,
  filing: Filing,
  { id, before, other }: Known & { readonly other: OtherPatient },
): Promise<NewResource> {
  const { at, access } = filing.request
  const { member } = access.principal
  const survivor = await locate(db, filing, other)
  const { identifiers } = filing.fed
  if (survivor !== id) {
    await feedIdentifiers(db, { patient: id, member, identifiers })
    const record = await merge(db, filing, { replaced: id, survivor })
    return patientRow(record, { id, at, current: survivor })
  }
  // The hub took them for one person already.
  const ended = identifiers
    .filter((one) => one.kind === 'local' && !isNamedBy(other, one))
    .map((one) => ({ ...one, end: one.end ?? at.toISOString() }))
  await feedIdentifiers(db, { patient: id, member, identifiers: ended })
  return patientRow(before, { id, at })
}

function isNamedBy(other: OtherPatient, { key, value }: PatientIdentifier): boolean {
  if (other.kind === 'reference') return false
  return other.identifier.key === key && other.identifier.value === value
}

/** A record that was replaced is parted by saying that it is active and by whom it is replaced no more. */
async function fileReplaced(db: PoolClient, filing: Filing, id: PatientId): Promise<NewResource> {
  const { request, fed, deps } = filing
  const { at, access } = request
  if (fed.replacedBy !== undefined) {
    const survivor = await locate(db, filing, fed.replacedBy)
    return patientRow(await merge(db, filing, { replaced: id, survivor }), {
      ...{ id, at },
      current: survivor,
    })
  }
  if (fed.active !== true)
    throw new HubError(
      'conflict',
      'This Patient has been replaced: write to the one that replaces it, or send it as active to part them',
    )
  const by = linkerOf(access.principal)
  const parted = await unmergePatients(db, { replaced: id, at, by }, deps)
  await tell(db, filing, { replaced: id, ...parted, reason: 'parted' })
  return fileKnown(db, filing, { id, before: (await readPatient(db, id)) ?? {} })
}

/** The replaced record as it is to be stored. */
async function merge(db: PoolClient, filing: Filing, link: Link): Promise<JsonObject> {
  const { at, access } = filing.request
  const by = linkerOf(access.principal)
  // Who files the replaced record stores it; who files the survivor does not.
  const storing = link.replaced === filing.request.previous?.id ? ('caller' as const) : undefined
  const merged = await mergePatients(db, { ...link, at, by, storing })
  if (merged.changed) await tell(db, filing, { ...link, ...merged, reason: 'merged' })
  return merged.record
}

/** Into the log before the commit, and to every node with it. */
async function tell(
  db: PoolClient,
  { request, deps }: Filing,
  linked: Link & LinkedPatients & { readonly reason: 'merged' | 'parted' },
): Promise<void> {
  const { access, at, context } = request
  for (const record of linkRecords({ access, linked, at, context })) await deps.recordAudit(record)
  await announceChanges(db, linked.changes)
}

async function locate(
  db: PoolClient,
  { request }: Filing,
  other: OtherPatient,
): Promise<PatientId> {
  const found =
    other.kind === 'reference'
      ? (other.id as PatientId)
      : await findPatient(
          db,
          { system: other.identifier.key, value: other.identifier.value },
          request.access.principal.member,
        )
  if (found !== undefined && (await readPatient(db, found)) !== undefined) return found
  throw new HubError('unprocessable', 'The Patient could not be filed', {
    problems: [{ location: 'Patient.link.other', text: 'Names no Patient of this hub' }],
  })
}

/**
 * What the source says, in place of what was there, save for identifiers, of which each source knows its own,
 * and for links, which are the hub's.
 */
function revised(fed: FedPatient, { id, before }: Known): JsonObject {
  const identifier = commonIdentifiers(listOf(before.identifier), fed.identifiers)
  const { active = true } = before
  return {
    resourceType: 'Patient',
    id,
    ...fed.rest,
    ...(identifier.length > 0 && { identifier }),
    active: fed.active ?? active,
    ...(before.link !== undefined && { link: before.link }),
  }
}
