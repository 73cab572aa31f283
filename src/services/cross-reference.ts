/**
 * Corresponding identifiers (PIXm ITI-83). A personal number or one of the caller's own ids finds its person
 * for those who may identify; what a caller sees of a person's material finds that person too. Another
 * custodian's id is told to who sees something of that custodian's alone: it says who has examined whom.
 */
import type { Principal } from '../domain/access/principal.ts'
import type { NationalIdRules } from '../domain/identity/national-id.ts'
import {
  commonAssigner,
  readPatientIdentifier,
  systemOfKey,
} from '../domain/identity/patient-identifier.ts'
import type { OrganizationId, PatientId } from '../kernel/ids.ts'
import { listAuthorities, type AssigningAuthority } from '../storage/assigning-authorities.ts'
import {
  findCrossReferenced,
  listCrossReferences,
  type CrossReferenceReader,
} from '../storage/cross-references.ts'
import type { Db } from '../storage/db.ts'
import { hasSystem, type IndexedIdentifier } from '../storage/patient-identifiers.ts'
import { readVisibleResource } from '../storage/visible-resources.ts'
import type { Access } from './authorize.ts'
import { accessRecord } from './access-record.ts'
import type { DecideSight } from './decide-sight.ts'
import type { LimitRate } from './limit-rate.ts'
import { loggingRefusal, permit, type PermitDeps } from './permit.ts'
import type { RequestContext } from './record-audit.ts'
import { currentPatient } from '../storage/patient-locks.ts'

export interface CrossReferenceQuestion {
  readonly source: { readonly system: string; readonly value: string }
  /** Domains that are wanted; all where there are none. */
  readonly targets: readonly string[]
}

export interface CrossReferencedId {
  readonly system: string
  readonly value: string
  readonly custodian: OrganizationId | null
  readonly assigner: string
  readonly starts: string | null
  readonly ends: string | null
}

export type CrossReferenced =
  | {
      readonly kind: 'found'
      /** Without the one that was asked by. */
      readonly identifiers: readonly CrossReferencedId[]
      /** Absent where the hub's own domain is not wanted, or was asked by. */
      readonly patient?: PatientId | undefined
    }
  /** 2:3.83.4.2.2.2 to 2:3.83.4.2.2.4: what is not there and what is not the caller's to know is one answer. */
  | { readonly kind: 'unknown-id' | 'unknown-source-domain' | 'unknown-target-domain' }

/** Throws what `Authorize` throws where the caller may neither identify nor find, and `too-many-requests`. */
export type CrossReference = (
  principal: Principal,
  question: CrossReferenceQuestion,
  context: RequestContext,
) => Promise<CrossReferenced>

export interface CrossReferenceDeps extends PermitDeps {
  readonly db: Db
  readonly decideSight: DecideSight
  readonly limitRate: LimitRate
  readonly rules: NationalIdRules
  /** The FHIR base address, which is the domain of the hub's own ids. */
  readonly base: string
}

const QUERY = 'Patient/$ihe-pix'

export function makeCrossReference(deps: CrossReferenceDeps): CrossReference {
  return async (principal, question, context) => {
    const asker = await admit(deps, principal, context)
    const patient = await findPatient(deps, asker, question)
    const answer =
      patient === undefined
        ? await unknown(deps, principal, question)
        : await listIds(deps, asker, { question, patient })
    const query = `${QUERY} of ${systemOfKey(question.source.system).slice(0, 100)}`
    const entities = [{ kind: 'query', query } as const]
    const outcome =
      answer.kind === 'found' ? FOUND : ({ outcome: '4', reason: answer.kind } as const)
    const act = { act: 'operation', at: deps.clock(), ...outcome, entities } as const
    const told = patient === undefined ? act : { ...act, patient }
    await deps.recordAudit(accessRecord(asker.access, told, context))
    return answer
  }
}

const FOUND = { outcome: '0' } as const

interface Asker {
  readonly access: Pick<Access, 'principal' | 'grant'>
  readonly reader: CrossReferenceReader
  /** Whether a person is found whom the caller sees nothing of. */
  readonly identifies: boolean
}

async function admit(
  deps: CrossReferenceDeps,
  principal: Principal,
  context: RequestContext,
): Promise<Asker> {
  const { actions, grant, member } = principal
  const identifies = actions.has('identify') && grant === undefined
  const asking = { principal, action: 'identify', query: QUERY } as const
  const identifying = identifies ? await permit(deps, asking, context) : undefined
  await loggingRefusal(deps, asking, context, async () => {
    deps.limitRate(principal.client)
  })
  if (identifying !== undefined && !actions.has('find'))
    return { access: identifying, identifies, reader: { member, visibility: new Map() } }
  const sight = await deps.decideSight(principal, { type: 'Patient', query: QUERY }, context)
  return { access: sight.access, identifies, reader: { member, visibility: sight.visibility } }
}

async function findPatient(
  { db, base, rules }: CrossReferenceDeps,
  { identifies, reader }: Asker,
  { source }: CrossReferenceQuestion,
): Promise<PatientId | undefined> {
  const { visibility } = reader
  if (source.system === base) {
    const id = source.value.replace(/^Patient\//, '') as PatientId
    return seen(db, await currentPatient(db, id), visibility)
  }
  const read = readPatientIdentifier(source, rules)
  if (!read.ok) return undefined
  const { key: system, value } = read.identifier
  const [patient, ...others] = await findCrossReferenced(db, { system, value }, reader)
  // One id at two custodians is two persons' until somebody says otherwise.
  if (patient === undefined || others.length > 0) return undefined
  return identifies ? patient : seen(db, patient, visibility)
}

async function seen(
  db: Db,
  id: PatientId,
  visibility: CrossReferenceReader['visibility'],
): Promise<PatientId | undefined> {
  const row = await readVisibleResource(db, { type: 'Patient', id }, visibility)
  return typeof row?.content === 'string' ? id : undefined
}

interface Listing {
  readonly question: CrossReferenceQuestion
  readonly patient: PatientId
}

async function listIds(
  deps: CrossReferenceDeps,
  { access, reader }: Asker,
  { question, patient }: Listing,
): Promise<CrossReferenced> {
  const { db, base } = deps
  const { source, targets } = question
  const authorities = await listAuthorities(db)
  const ids = (await listCrossReferences(db, patient, reader)).map((id) =>
    described(id, authorities),
  )
  for (const target of targets) {
    const isKnown =
      target === base ||
      ids.some(({ system }) => system === target) ||
      (await isDomain(deps, target, access.principal.member))
    if (!isKnown) return { kind: 'unknown-target-domain' }
  }
  const isWanted = (system: string): boolean => targets.length === 0 || targets.includes(system)
  const identifiers = ids.filter(
    ({ system, value }) => isWanted(system) && (system !== source.system || value !== source.value),
  )
  const showsPatient = isWanted(base) && source.system !== base
  return { kind: 'found', identifiers, patient: showsPatient ? patient : undefined }
}

function described(
  { system: key, ...id }: IndexedIdentifier,
  authorities: readonly AssigningAuthority[],
): CrossReferencedId {
  const system = systemOfKey(key)
  const authority = authorities.find((one) => one.system === system)
  const name = id.assigner ?? commonAssigner(system) ?? authority?.name ?? id.custodian
  return { ...id, system, assigner: name ?? system }
}

async function unknown(
  deps: CrossReferenceDeps,
  { member }: Principal,
  { source }: CrossReferenceQuestion,
): Promise<CrossReferenced> {
  const known = source.system === deps.base || (await isDomain(deps, source.system, member))
  return { kind: known ? 'unknown-id' : 'unknown-source-domain' }
}

/** What the whole network may know to be a domain, and what the member has ids of itself. */
async function isDomain(
  { db }: CrossReferenceDeps,
  system: string,
  member: OrganizationId,
): Promise<boolean> {
  if (commonAssigner(system) !== undefined) return true
  const authorities = await listAuthorities(db)
  return authorities.some((one) => one.system === system) || hasSystem(db, system, member)
}
