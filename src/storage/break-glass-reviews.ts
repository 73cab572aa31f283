/** The queue of emergency accesses that wait for a privacy officer. */
import type { PoolClient } from 'pg'
import type { GrantId, OrganizationId, PatientId } from '../kernel/ids.ts'

const CUSTODIANS = `
select distinct custodian from resource
where type in ('ImagingStudy', 'DiagnosticReport') and patient = $1 and custodian is not null
order by custodian`

const QUEUE = `
with queued as (
  insert into break_glass_review (grant_id, custodians, raised_at) values ($1, $2, $3)
)
select pg_notify('break_glass_review', $1)`

export interface BrokenGlass {
  readonly grant: GrantId
  readonly patient: PatientId
  readonly at: Date
}

/** Queues the grant for every member that holds the patient's material, and wakes who listens. */
export async function queueReview(
  db: PoolClient,
  { grant, patient, at }: BrokenGlass,
): Promise<readonly OrganizationId[]> {
  const { rows } = await db.query<{ custodian: OrganizationId }>(CUSTODIANS, [patient])
  const custodians = rows.map(({ custodian }) => custodian)
  await db.query(QUEUE, [grant, custodians, at])
  return custodians
}
