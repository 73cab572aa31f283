/** The queue of emergency accesses that wait for a privacy officer. */
import type { PoolClient } from 'pg'
import type { AccessFilter } from '../domain/access/filter.ts'
import type { Grant } from '../domain/access/grant.ts'
import type { GrantId, OrganizationId, PatientId } from '../kernel/ids.ts'
import { accessFilterSql } from './access-filter-sql.ts'
import type { Db } from './db.ts'

/** What the broken glass shows of one type of resource, and what would be shown without it. */
export interface Override {
  readonly type: 'ImagingStudy' | 'DiagnosticReport'
  readonly broken: AccessFilter
  readonly whole: AccessFilter
}

/** The custodians of what is shown for no other reason than the override. */
export async function findOverridden(
  db: Db,
  patient: PatientId,
  overrides: readonly Override[],
): Promise<readonly OrganizationId[]> {
  if (overrides.length === 0) return []
  const values: unknown[] = [patient]
  const shown = overrides.map(({ type, broken, whole }) => {
    const both = [broken, whole].map((filter) => accessFilterSql(filter, 'r', values))
    return `(r.type = '${type}' and ${both[0]} and not (${both[1]}))`
  })
  const { rows } = await db.query<{ custodian: OrganizationId }>(
    `select distinct r.custodian from resource r
     where r.type in ('ImagingStudy', 'DiagnosticReport') and r.patient = $1
       and r.custodian is not null and r.content is not null and not r.quarantined
       and (${shown.join(' or ')})
     order by r.custodian`,
    values,
  )
  return rows.map(({ custodian }) => custodian)
}

const QUEUE = `
with queued as (
  insert into break_glass_review (grant_id, custodians, raised_at) values ($1, $2, $3)
)
select pg_notify('break_glass_review', $1)`

export interface BrokenGlass {
  readonly grant: GrantId
  readonly custodians: readonly OrganizationId[]
  readonly at: Date
}

/** Queues the grant for each of the custodians, and wakes who listens. */
export async function queueReview(
  db: PoolClient,
  { grant, custodians, at }: BrokenGlass,
): Promise<void> {
  await db.query(QUEUE, [grant, custodians, at])
}

// The oldest first: what waits longest is what is owed most.
const LIST_OPEN = `
select review.grant_id as id, review.raised_at as "raisedAt", access_grant.expires_at as "expiresAt",
       access_grant.content
  from break_glass_review review
  join access_grant on access_grant.id = review.grant_id
 where review.custodians @> array[$1] and not exists (
         select from break_glass_finding found
          where found.grant_id = review.grant_id and found.custodian = $1)
 order by review.raised_at, review.grant_id
 limit $2`

export interface QueuedReview {
  readonly id: GrantId
  readonly raisedAt: Date
  readonly expiresAt: Date
  readonly content: Pick<
    Grant,
    'member' | 'unit' | 'practitioner' | 'patient' | 'purpose' | 'decisionRef' | 'breakGlass'
  >
}

/** What this custodian has not reviewed. */
export async function listOpenReviews(
  db: Db,
  { custodian, limit }: { readonly custodian: OrganizationId; readonly limit: number },
): Promise<readonly QueuedReview[]> {
  const { rows } = await db.query<QueuedReview>(LIST_OPEN, [custodian, limit])
  return rows
}

const READ_QUEUED = `
select grant_id as grant, custodians, raised_at as "raisedAt" from break_glass_review where grant_id = any ($1)`

export interface QueuedGlass {
  readonly grant: string
  readonly custodians: readonly string[]
  readonly raisedAt: Date
}

/** The queue's rows of these grants, by grant. */
export async function readQueued(
  db: Db,
  grants: readonly string[],
): Promise<ReadonlyMap<string, QueuedGlass>> {
  const { rows } = await db.query<QueuedGlass>(READ_QUEUED, [grants])
  return new Map(rows.map((row) => [row.grant, row]))
}

const FIND = `
select access_grant.patient
  from break_glass_review review
  join access_grant on access_grant.id = review.grant_id
 where review.grant_id = $1 and review.custodians @> array[$2]`

/** Whose material it was about; undefined where this custodian has nothing to review of the grant. */
export async function findReviewedPatient(
  db: Db,
  { grant, custodian }: { readonly grant: string; readonly custodian: OrganizationId },
): Promise<PatientId | undefined> {
  const { rows } = await db.query<{ patient: PatientId }>(FIND, [grant, custodian])
  return rows[0]?.patient
}

const ENTER = `
insert into break_glass_finding (grant_id, custodian, reviewed_at, reviewed_by, finding, note)
values ($1, $2, $3, $4, $5, $6)
on conflict do nothing`

export interface Finding {
  readonly grant: string
  readonly custodian: OrganizationId
  readonly at: Date
  readonly by: string
  readonly finding: 'justified' | 'not-justified'
  readonly note?: string | undefined
}

/** False where the custodian has entered one before. */
export async function enterFinding(db: Db, found: Finding): Promise<boolean> {
  const { grant, custodian, at, by, finding, note } = found
  const { rowCount } = await db.query(ENTER, [grant, custodian, at, by, finding, note])
  return rowCount === 1
}
