/**
 * Turning an attest into a grant: the decision at the token endpoint (access.md sections 2 to 4).
 *
 * A patient the hub does not know gets a grant as well, for the Patient that the person would be: the same
 * statements run, the same answer comes back, and what it opens is as empty as a wholly blocked patient.
 */
import { randomUUID } from 'node:crypto'
import type { Pool } from 'pg'
import type { Attest, AttestedIdentifier } from '../domain/access/attest.ts'
import { isReasonSufficient } from '../domain/access/break-glass.ts'
import { ATTEST_LIFETIME_MS, checkAttest } from '../domain/access/check-attest.ts'
import { refusal } from '../domain/access/compile.ts'
import type { BreakGlass, Grant } from '../domain/access/grant.ts'
import type { AuthenticatedPerson } from '../domain/access/person.ts'
import type { Action, Principal } from '../domain/access/principal.ts'
import type { PolicyProfile } from '../domain/access/profiles.ts'
import { REASON_TEXTS } from '../domain/access/reason-text-table.ts'
import { isClinical } from '../domain/access/roles.ts'
import { actionsOf } from '../domain/access/scopes.ts'
import type { AuditEntity } from '../domain/audit/event.ts'
import type { Clock } from '../kernel/clock.ts'
import { HubError, isHubError } from '../kernel/errors.ts'
import type { ClientId, GrantId, OrganizationId, PatientId, StudyUid } from '../kernel/ids.ts'
import type { Sealer } from '../kernel/seal.ts'
import { findOverridden, queueReview } from '../storage/break-glass-reviews.ts'
import { transaction } from '../storage/db.ts'
import { insertGrant, revokeGrants } from '../storage/grants.ts'
import { findPatient } from '../storage/patient-identifiers.ts'
import { currentPatient } from '../storage/patient-locks.ts'
import { accessRecord } from './access-record.ts'
import type { AccessState } from './access-state.ts'
import { overridesOf } from './overridden-custodians.ts'
import { patientPseudonym } from './patient-pseudonym.ts'
import type { RecordAudit, RequestContext } from './record-audit.ts'

export type { AuthenticatedPerson }

export interface GrantRequest {
  readonly client: ClientId
  readonly person: AuthenticatedPerson
  readonly attest: Attest
  /** The JWS the attest came in, kept sealed as evidence. */
  readonly signedAttest: string
  readonly patient:
    | { readonly kind: 'reference'; readonly id: PatientId }
    | { readonly kind: 'identifier'; readonly identifier: AttestedIdentifier }
  readonly purpose: string
  readonly actions: readonly Action[]
  readonly studies?: readonly StudyUid[] | undefined
  readonly breakGlass?: BreakGlass | undefined
}

/**
 * Throws `invalid` with the named attest code as `reason` (`attestation_has_expired`,
 * `attestation_subject_mismatch`, …) or `access_denied` where policy denies for a cause that may be told
 * (membership, role, no basis). A patient unknown to the hub answers like one with nothing to see.
 */
export type GrantAccess = (request: GrantRequest, context: RequestContext) => Promise<Grant>

export interface GrantAccessDeps {
  readonly pool: Pool
  readonly state: AccessState
  readonly profile: PolicyProfile
  readonly sealer: Sealer
  readonly recordAudit: RecordAudit
  readonly clock: Clock
}

export function makeGrantAccess(deps: GrantAccessDeps): GrantAccess {
  return async (request, context) => {
    const at = deps.clock()
    const principal = principalOf(request, deps)
    try {
      const grant = await decideGrant(request, principal, { ...deps, at })
      const reviewers = await store(grant, request, { ...deps, principal })
      await auditIssued(principal, grant, { ...deps, context, reviewers })
      return grant
    } catch (error) {
      if (!isHubError(error, 'invalid')) throw error
      const { reason } = error
      const { purpose, attest } = request
      const refused = { act: 'token-refused', at, outcome: '4', reason, entities: [] } as const
      const why = { purpose, decisionRef: attest.decisionRef }
      await deps.recordAudit({ ...accessRecord({ principal }, refused, context), ...why })
      throw error
    }
  }
}

/** Whom the grant will be of; the person as the issuer knows them, never as the attest writes them. */
function principalOf(
  { client: id, person, attest }: GrantRequest,
  { state, sealer }: GrantAccessDeps,
): Principal {
  const client = state.client(id)
  if (client?.active !== true)
    throw new HubError('invalid', 'The client is not active', { reason: 'invalid_client' })
  return {
    client: client.id,
    member: client.member,
    unit: attest.pointOfCare,
    practitioner: {
      handle: sealer.pseudonym(person.identifier.value, 'practitioner'),
      name: person.name,
      hprNumber: person.hprNumber ?? attest.hprNumber,
      category: attest.category,
    },
    grant: randomUUID() as GrantId,
    actions: actionsOf(client.scope),
    tokenId: '',
  }
}

type Deciding = GrantAccessDeps & { readonly at: Date }

async function decideGrant(
  request: GrantRequest,
  principal: Principal,
  deps: Deciding,
): Promise<Grant> {
  const { attest, person, patient, purpose } = request
  const named = patient.kind === 'identifier' ? patient.identifier : undefined
  checkAttest(attest, person, { now: deps.at, purpose, patient: named })
  const member = deps.state.member(principal.member)
  if (member?.orgnr !== person.orgnrParent)
    throw denied('The person signed in for another organisation than the client’s member')
  const grant = proposeGrant(request, principal, {
    at: deps.at,
    profile: deps.profile,
    patient: await resolvePatient(request, deps),
  })
  for (const action of request.actions) refuseWhatMayBeTold({ principal, grant, action }, deps)
  return grant
}

/**
 * The patient of the attest, known or not: the id is made of the number in the same way, and stays. A
 * reference must be to that same patient: an attest is good for one alone.
 */
async function resolvePatient(
  { patient, attest }: GrantRequest,
  { pool, sealer }: GrantAccessDeps,
): Promise<PatientId> {
  const known = await findPatient(pool, attest.patient)
  const attested = known ?? patientPseudonym(sealer, attest.patient)
  if (patient.kind === 'reference' && (await currentPatient(pool, patient.id)) !== attested)
    throw new HubError('invalid', 'The attest is not for this patient', {
      reason: 'attestation_patient_mismatch',
    })
  return attested
}

interface Proposal {
  readonly at: Date
  readonly profile: PolicyProfile
  readonly patient: PatientId
}

function proposeGrant(
  request: GrantRequest,
  principal: Principal,
  { at, profile, patient }: Proposal,
): Grant {
  const { attest, actions, studies } = request
  const { grant: id, client, member, unit, practitioner } = principal
  if (id === undefined || practitioner === undefined) throw denied('There is no practitioner')
  return {
    id,
    client,
    member,
    unit,
    practitioner,
    patient,
    purpose: attest.purpose,
    purposeDetail: attest.purposeDetail ?? attest.healthcareService,
    decisionRef: attest.decisionRef,
    actions,
    studies,
    breakGlass: attest.purpose === 'BTG' ? breakGlassOf(request, profile) : undefined,
    issuedAt: at,
    expiresAt: new Date(attest.toa.getTime() + ATTEST_LIFETIME_MS),
  }
}

/** The reason may be given beside the attest, or stand in it as the purpose's detail. */
function breakGlassOf({ breakGlass, attest }: GrantRequest, profile: PolicyProfile): BreakGlass {
  const { purposeDetail } = attest
  const given =
    breakGlass ?? (purposeDetail === undefined ? undefined : { reasonCode: purposeDetail })
  if (isReasonSufficient(given, profile)) return given
  const codes = profile.breakGlass.reasonCodes.join(', ')
  throw new HubError('invalid', `Emergency access needs a reason, one of: ${codes}`, {
    reason: 'break_glass_reason_required',
  })
}

interface Asked {
  readonly principal: Principal
  readonly grant: Grant
  readonly action: Action
}

/** Steps 1 and 3 of the decision. Agreements, blocks and labels are judged object by object, unseen. */
function refuseWhatMayBeTold(
  { principal, grant, action }: Asked,
  { state, profile, at }: Deciding,
): void {
  if (!isClinical(action)) throw denied('A grant is for finding and reading one patient’s material')
  const reason = refusal(
    { principal, grant, action, at },
    {
      member: state.member(principal.member),
      members: state.members(),
      agreements: state.agreements(principal.member),
      consents: [],
      profile,
    },
  )
  if (reason !== undefined) throw denied(REASON_TEXTS[reason.code].en)
}

function denied(message: string): HubError {
  return new HubError('invalid', message, { reason: 'access_denied' })
}

/** Resolves to the members that must review it: none where the glass was left whole. */
async function store(
  grant: Grant,
  { signedAttest }: GrantRequest,
  { principal, ...deps }: GrantAccessDeps & { readonly principal: Principal },
): Promise<readonly OrganizationId[]> {
  const evidence = deps.sealer.seal(signedAttest, `attest/${grant.id}`)
  const overrides = await overridesOf(grant, { ...deps, principal })
  return transaction(deps.pool, async (db) => {
    await insertGrant(db, grant, evidence)
    const reviewers = await findOverridden(db, grant.patient, overrides)
    if (reviewers.length > 0)
      await queueReview(db, { grant: grant.id, custodians: reviewers, at: grant.issuedAt })
    return reviewers
  })
}

interface Issuing extends GrantAccessDeps {
  readonly context: RequestContext
  /** Members that must see in their own log that the glass was broken. */
  readonly reviewers: readonly OrganizationId[]
}

/** A grant that cannot be logged is taken back before anyone has a token for it. */
async function auditIssued(
  principal: Principal,
  grant: Grant,
  { pool, recordAudit, context, reviewers }: Issuing,
): Promise<void> {
  const entities = [] as const
  const access = { principal, grant }
  const at = grant.issuedAt
  try {
    if (grant.breakGlass !== undefined) {
      const reason = grant.breakGlass.reasonCode
      const broken = { act: 'break-glass', at, outcome: '0', reason } as const
      await Promise.all(
        concerning(grant.id, reviewers).map((concerned) =>
          recordAudit(accessRecord(access, { ...broken, entities: concerned }, context)),
        ),
      )
    }
    const issued = { act: 'token-issued', at, outcome: '0', entities } as const
    await recordAudit(accessRecord(access, issued, context))
  } catch (error) {
    await transaction(pool, (db) => revokeGrants(db, { kind: 'grant', id: grant.id }, at))
    throw error
  }
}

/**
 * An event is read by the custodians in it, so each has one of its own: it tells none about another. The grant
 * binds it to the review's row, which `samsyn audit verify` would miss.
 */
function concerning(
  grant: GrantId,
  reviewers: readonly OrganizationId[],
): readonly (readonly AuditEntity[])[] {
  const bound = { kind: 'resource', reference: `Grant/${grant}` } as const
  if (reviewers.length === 0) return [[bound]]
  return reviewers.map((custodian) => [
    bound,
    { kind: 'resource', reference: `Organization/${custodian}`, custodian },
  ])
}
