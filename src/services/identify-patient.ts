/**
 * Finding the person before there is a grant (access.md section 1): by an exact national id, or by name
 * and birth date. What comes back says who the person is; who has examined that person it does not say.
 */
import type { Principal } from '../domain/access/principal.ts'
import type { PatientId } from '../kernel/ids.ts'
import type { Db } from '../storage/db.ts'
import { identifyByIdentifier, identifyByName } from '../storage/identify-patients.ts'
import type { FoundPage, FoundResource } from '../storage/resource-search.ts'
import type { Identification } from '../wire/fhir/identification.ts'
import { identityText } from '../wire/fhir/patient.ts'
import { withOwnSystem } from '../wire/oauth/national-id-system.ts'
import { accessRecord } from './access-record.ts'
import type { LimitRate } from './limit-rate.ts'
import { loggingRefusal, permit, type PermitDeps } from './permit.ts'
import type { RequestContext } from './record-audit.ts'

/** More answers than this would make a name and a birth date a way to list people. */
export const MOST_IDENTIFIED = 5

export interface IdentifyRequest {
  readonly identification: Identification
  /** The search as the audit shows it. */
  readonly query: string
  /** Answers the caller takes at most. */
  readonly count: number
}

/** Throws what `Authorize` throws for `identify`, and `too-many-requests`. Nobody found is an empty page; there is never a second one. */
export type IdentifyPatient = (
  principal: Principal,
  request: IdentifyRequest,
  context: RequestContext,
) => Promise<FoundPage>

export interface IdentifyPatientDeps extends PermitDeps {
  readonly db: Db
  readonly limitRate: LimitRate
}

export function makeIdentifyPatient(deps: IdentifyPatientDeps): IdentifyPatient {
  return async (principal, { identification, query, count }, context) => {
    const asking = { principal, action: 'identify', query } as const
    const access = await permit(deps, asking, context)
    await loggingRefusal(deps, asking, context, async () => {
      deps.limitRate(principal.client)
    })
    const found = await find(deps.db, identification)
    const [first, ...others] = found
    const entities = [{ kind: 'query', query } as const, ...found.map(entityOf)]
    // An event is one patient's: where several come back, each is named by the event instead.
    const patient = others.length === 0 ? (first?.id as PatientId | undefined) : undefined
    const act = { act: 'search', at: deps.clock(), outcome: '0', patient, entities } as const
    await deps.recordAudit(accessRecord(access, act, context))
    const matches = found
      .slice(0, count)
      .map((one) => ({ ...one, content: identityText(one.content) }))
    return { matches, included: [], total: found.length }
  }
}

function find(db: Db, identification: Identification): Promise<readonly FoundResource[]> {
  return identification.by === 'national-id'
    ? identifyByIdentifier(db, withOwnSystem(identification.identifier))
    : identifyByName(db, identification, MOST_IDENTIFIED)
}

function entityOf({ id }: FoundResource): {
  readonly kind: 'resource'
  readonly reference: string
} {
  return { kind: 'resource', reference: `Patient/${id}` }
}
