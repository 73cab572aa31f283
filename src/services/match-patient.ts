/** Patient demographics match (PDQm ITI-119): who a person may be, for those who may find one person at a time. */
import type { Principal } from '../domain/access/principal.ts'
import type { NationalIdRules } from '../domain/identity/national-id.ts'
import type { MatchScore } from '../domain/identity/score-match.ts'
import { HubError } from '../kernel/errors.ts'
import type { PatientId } from '../kernel/ids.ts'
import type { Db } from '../storage/db.ts'
import { personOf, type AskedPerson, type MatchRequest } from '../wire/fhir/match-request.ts'
import { identityOf } from '../wire/fhir/patient.ts'
import type { JsonObject } from '../wire/fhir/json.ts'
import { accessRecord } from './access-record.ts'
import { findCandidates } from './find-candidates.ts'
import { MOST_IDENTIFIED } from './identify-patient.ts'
import type { LimitRate } from './limit-rate.ts'
import { loggingRefusal, permit, type PermitDeps } from './permit.ts'
import type { RequestContext } from './record-audit.ts'

export interface MatchedPatient {
  readonly id: PatientId
  /** What tells who the person is and nothing more. */
  readonly patient: JsonObject
  readonly match: MatchScore
}

/**
 * Most likely first. Throws what `Authorize` throws for `identify`, `too-many-requests`, and `unprocessable`
 * where too little is told to mean one person.
 */
export type MatchPatient = (
  principal: Principal,
  request: MatchRequest,
  context: RequestContext,
) => Promise<readonly MatchedPatient[]>

export interface MatchPatientDeps extends PermitDeps {
  readonly db: Db
  readonly rules: NationalIdRules
  readonly limitRate: LimitRate
}

const QUERY = 'POST Patient/$match'

export function makeMatchPatient(deps: MatchPatientDeps): MatchPatient {
  return async (principal, request, context) => {
    const asking = { principal, action: 'identify', query: QUERY } as const
    const access = await permit(deps, asking, context)
    const asked = await loggingRefusal(deps, asking, context, async () => {
      requireNoGrant(principal)
      deps.limitRate(principal.client)
      return requireTelling(personOf(request.patient, deps.rules))
    })
    const found = await findCandidates(deps.db, {
      ...{ asked, custodian: principal.member, rules: deps.rules },
      ...{ among: 'family', limit: MOST_IDENTIFIED },
    })
    const answer = answerOf(found, request)
    const [first, ...others] = answer
    const entities = [
      { kind: 'query', query: QUERY } as const,
      ...answer.map(({ id }) => ({ kind: 'resource', reference: `Patient/${id}` }) as const),
    ]
    const patient = others.length === 0 ? first?.id : undefined
    const act = { act: 'operation', at: deps.clock(), outcome: '0', patient, entities } as const
    await deps.recordAudit(accessRecord(access, act, context))
    return answer.map(({ id, patient: known, match }) => ({
      id,
      match,
      patient: identityOf(known),
    }))
  }
}

/** Finding the person comes before the grant, which names that person. */
function requireNoGrant({ grant }: Principal): void {
  if (grant === undefined) return
  throw new HubError('forbidden', 'A token for one patient finds nobody else')
}

/** An id that is one person's, or one's own, or family name, given name and birth date. */
function requireTelling(asked: AskedPerson): AskedPerson {
  const isBorn = /^\d{4}-\d{2}-\d{2}$/.test(asked.birthDate ?? '')
  const isNamed = asked.names.some(
    ({ family = '', given = '' }) => family.trim() !== '' && given.trim() !== '',
  )
  if (asked.identifiers.length > 0 || (isBorn && isNamed)) return asked
  throw new HubError('unprocessable', 'Too little is told to find one person', {
    problems: [
      {
        location: 'Patient',
        text: 'Tell an identifier with its system, or family name, given name and whole birth date',
      },
    ],
  })
}

/** Where certainty is asked for, there is one person beyond doubt or nobody (2:3.119.4.1.3, cases 3 to 5). */
function answerOf<Found extends { readonly match: MatchScore }>(
  found: readonly Found[],
  { onlyCertainMatches, count = MOST_IDENTIFIED }: MatchRequest,
): readonly Found[] {
  if (!onlyCertainMatches) return found.slice(0, count)
  const certain = found.filter(({ match }) => match.grade === 'certain')
  return certain.length === 1 ? certain : []
}
