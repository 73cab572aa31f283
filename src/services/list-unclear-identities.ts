/** What waits for a person to say whose it is, and who that may be. */
import type { Pool } from 'pg'
import type { AuditEntity, AuditRecord } from '../domain/audit/event.ts'
import { maskClaim } from '../domain/identity/mask-claim.ts'
import type { NationalIdRules } from '../domain/identity/national-id.ts'
import type { PatientClaim } from '../domain/imaging/study.ts'
import type { Clock } from '../kernel/clock.ts'
import type { Sealer } from '../kernel/seal.ts'
import { readResource } from '../storage/resources.ts'
import { listOpenDoubts, type QueuedDoubt } from '../storage/unclear-queue.ts'
import type { CandidateView, UnclearIdentity } from '../wire/admin/queue-views.ts'
import { claimedPerson } from '../wire/fhir/claimed-person.ts'
import { demographicsOf } from '../wire/fhir/patient.ts'
import { textOf } from '../wire/fhir/json.ts'
import type { Administration, Operator } from './administration.ts'
import { doubtEntity } from './doubt-entity.ts'
import { findCandidates, type Candidate } from './find-candidates.ts'
import { MOST_IDENTIFIED } from './identify-patient.ts'
import type { RecordAudit } from './record-audit.ts'
import { openClaim } from './sealed-claim.ts'

export interface ListUnclearIdentitiesDeps {
  readonly pool: Pool
  readonly sealer: Sealer
  readonly recordAudit: RecordAudit
  readonly clock: Clock
  readonly rules: NationalIdRules
}

const PAGE = 100

/** Oldest first. Logged before it is answered: a claim is clinical identity data, and so is who it may be. */
export function makeListUnclearIdentities(
  deps: ListUnclearIdentitiesDeps,
): Administration['listUnclearIdentities'] {
  return async ({ after = 0, limit = PAGE, nationalIds = 'masked' }, by) => {
    const doubts = await listOpenDoubts(deps.pool, { after, limit: Math.min(limit, PAGE) })
    const shown: UnclearIdentity[] = []
    for (const { claim: sealed, resolvedAt: _resolvedAt, ...doubt } of doubts) {
      const { claim } = openClaim(deps.sealer, doubt.report ?? doubt.imagingStudy, sealed)
      const candidates = await candidatesOf(deps, { ...doubt, claim })
      const told = nationalIds === 'masked' ? maskClaim(claim) : claim
      shown.push({ ...doubt, candidates, claim: told })
    }
    const seen = nationalIds === 'masked' ? '' : '-with-national-ids'
    await log(deps, { doubts, shown }, { reason: `unclear-identities-listed${seen}`, by })
    return shown
  }
}

interface Doubted extends Pick<QueuedDoubt, 'candidate' | 'custodian'> {
  readonly claim: PatientClaim
}

/** The patient it was registered for is among them, however little speaks for that one. */
async function candidatesOf(
  { pool, rules }: ListUnclearIdentitiesDeps,
  { claim, candidate, custodian }: Doubted,
): Promise<readonly CandidateView[]> {
  const stored = candidate === null ? undefined : await readResource(pool, 'Patient', candidate)
  const content = stored?.content ?? undefined
  const suspects = candidate === null || content === undefined ? [] : [{ id: candidate, content }]
  const found = await findCandidates(pool, {
    asked: claimedPerson(claim, rules),
    ...{ custodian, suspects, rules, limit: MOST_IDENTIFIED },
    among: 'any-name',
  })
  return found.map(viewOf)
}

function viewOf({ id, patient, match }: Candidate): CandidateView {
  const { names, birthDate } = demographicsOf(patient)
  return { patient: id, ...match, names, birthDate, gender: textOf(patient.gender) }
}

interface Look {
  readonly reason: string
  readonly by: Operator
}

interface Seen {
  readonly doubts: readonly QueuedDoubt[]
  readonly shown: readonly UnclearIdentity[]
}

/**
 * An event is read by the custodians in it, so each has one of its own: it tells none about another's studies.
 * Who was shown as who it may be is in one that no custodian reads.
 */
async function log(
  { recordAudit, clock }: ListUnclearIdentitiesDeps,
  { doubts, shown }: Seen,
  { reason, by }: Look,
): Promise<void> {
  const { context, principal } = by
  const look = { act: 'read', at: clock(), outcome: '0', reason, ...context, principal } as const
  const ofCustodians = [...Map.groupBy(doubts, ({ custodian }) => custodian).values()].map(
    (ofOne) => ofOne.map(doubtEntity),
  )
  const persons = new Set(shown.flatMap(({ candidates }) => candidates.map((one) => one.patient)))
  const known = [...persons].map((id): AuditEntity => ({
    kind: 'resource',
    reference: `Patient/${id}`,
  }))
  // Who looked at an empty page has looked as well.
  const events: AuditRecord['entities'][] = [
    ...(known.length === 0 ? [] : [known]),
    ...(ofCustodians.length === 0 ? [[]] : ofCustodians),
  ]
  await Promise.all(events.map((entities) => recordAudit({ ...look, entities })))
}
