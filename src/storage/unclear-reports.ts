/** The queue's doubts about whose a report is. */
import type { OrganizationId, PatientId } from '../kernel/ids.ts'
import type { Db } from './db.ts'

const RAISE = `
insert into unclear_identity (report, custodian, reason, claim, candidate, raised_at)
values ($1, $2, $3, $4, $5, $6)
on conflict (report, reason) where resolved_at is null and report is not null
do update set claim = excluded.claim, candidate = excluded.candidate`

export interface RaisedReportDoubt {
  /** Id of the DiagnosticReport. */
  readonly report: string
  readonly custodian: OrganizationId
  readonly reason: string
  /** What the message said, sealed. */
  readonly claim: Buffer
  readonly candidate: PatientId | null
  readonly at: Date
}

/** A doubt that is in the queue already has the claim of the newest version. */
export async function raiseReportDoubt(db: Db, doubt: RaisedReportDoubt): Promise<void> {
  const { report, custodian, reason, claim, candidate, at } = doubt
  await db.query(RAISE, [report, custodian, reason, claim, candidate, at])
}

const HAS_OPEN = `
select exists (select from unclear_identity where report = $1 and resolved_at is null) as open`

export async function hasReportDoubt(db: Db, report: string): Promise<boolean> {
  const { rows } = await db.query<{ open: boolean }>(HAS_OPEN, [report])
  return rows[0]?.open === true
}

const SETTLE = `
update unclear_identity set resolved_at = $2, resolved_by = $3
 where report = $1 and resolved_at is null`

/** Whose a report is settles every doubt about it; `by` is who or what has learnt it. */
export async function settleReportDoubts(
  db: Db,
  report: string,
  { at, by }: { readonly at: Date; readonly by: string },
): Promise<void> {
  await db.query(SETTLE, [report, at, by])
}
