/** Saying that two Patients are one person, or that they are not after all: by an identity clerk, never by the hub. */
import type { Pool, PoolClient } from 'pg'
import type { Principal } from '../domain/access/principal.ts'
import type { AuditEntity, AuditRecord } from '../domain/audit/event.ts'
import type { Clock } from '../kernel/clock.ts'
import type { OrganizationId, PatientId } from '../kernel/ids.ts'
import { announceChanges } from '../storage/access-changes.ts'
import { accessRecord } from './access-record.ts'
import type { AccessState } from './access-state.ts'
import type { Access, Authorize } from './authorize.ts'
import type { DoubtStudyDeps } from './doubt-study.ts'
import { loggedTransaction } from './logged-transaction.ts'
import { mergePatients, type LinkedPatients } from './merge-patients.ts'
import { loggingRefusal, permit } from './permit.ts'
import type { RecordAudit, RequestContext } from './record-audit.ts'
import { unmergePatients } from './unmerge-patients.ts'

export interface LinkPatientsDeps extends DoubtStudyDeps {
  readonly pool: Pool
  readonly authorize: Authorize
  readonly recordAudit: RecordAudit
  readonly clock: Clock
  readonly state: Pick<AccessState, 'catchUp'>
}

export interface Link {
  readonly replaced: PatientId
  readonly survivor: PatientId
}

/**
 * Throws what `Authorize` throws for `link-patients`, what `mergePatients` and `unmergePatients` throw. On
 * this node whoever sees the one or the other is decided about anew before the answer.
 */
export interface LinkPatients {
  merge(principal: Principal, link: Link, context: RequestContext): Promise<Link>
  unmerge(principal: Principal, replaced: PatientId, context: RequestContext): Promise<Link>
}

export function makeLinkPatients(deps: LinkPatientsDeps): LinkPatients {
  return {
    merge: (principal, link, context) =>
      act(deps, { principal, context, query: queryOf('merge', link.replaced) }, async (db, by) => {
        const linked = await mergePatients(db, { ...link, at: deps.clock(), by })
        return { ...link, ...linked, reason: 'merged' }
      }),
    unmerge: (principal, replaced, context) =>
      act(deps, { principal, context, query: queryOf('unmerge', replaced) }, async (db, by) => {
        const parted = await unmergePatients(db, { replaced, at: deps.clock(), by }, deps)
        return { replaced, ...parted, reason: 'parted' }
      }),
  }
}

const queryOf = (verb: string, replaced: PatientId): string => `${verb} Patient/${replaced}`

interface Asking {
  readonly principal: Principal
  readonly context: RequestContext
  readonly query: string
}

type Linked = Link & LinkedPatients & { readonly reason: 'merged' | 'parted' }

async function act(
  deps: LinkPatientsDeps,
  { principal, context, query }: Asking,
  work: (db: PoolClient, by: string) => Promise<Linked>,
): Promise<Link> {
  const access = await permit(deps, { principal, action: 'link-patients', query }, context)
  const { replaced, survivor } = await loggingRefusal(deps, { principal, query }, context, () =>
    loggedTransaction(deps, async (db) => {
      const linked = await work(db, linkerOf(principal))
      const asked = { access, linked, at: deps.clock(), context }
      const [first, ...others] = linkRecords(asked)
      for (const record of others) await deps.recordAudit(record)
      await announceChanges(db, linked.changes)
      return { result: linked, record: first }
    }),
  )
  await deps.state.catchUp().catch(() => undefined)
  return { replaced, survivor }
}

/** Who says so, for the merge's own record; the log has the whole principal. */
export function linkerOf({ practitioner, client }: Principal): string {
  return practitioner?.handle ?? client
}

export interface LinkToRecord {
  readonly access: Pick<Access, 'principal' | 'grant'>
  readonly linked: Link &
    Pick<LinkedPatients, 'custodians'> & { readonly reason: 'merged' | 'parted' }
  readonly at: Date
  readonly context: RequestContext
}

/**
 * The person's own event, and one for each custodian whose material has another patient now: an event is
 * read by the custodians in it, and tells none about another.
 */
export function linkRecords({
  access,
  linked,
  at,
  context,
}: LinkToRecord): readonly [AuditRecord, ...AuditRecord[]] {
  const { replaced, survivor, reason, custodians } = linked
  const pair = [replaced, survivor].map((id) => `Patient/${id}`)
  const record = (custodian?: OrganizationId): AuditRecord => {
    const entities = pair.map((reference): AuditEntity => ({
      ...{ kind: 'resource', reference },
      ...(custodian !== undefined && { custodian }),
    }))
    const linkedAct = { act: 'patients-linked', at, outcome: '0', reason, entities } as const
    return accessRecord(access, { ...linkedAct, patient: survivor }, context)
  }
  return [record(), ...custodians.map((custodian) => record(custodian))]
}
