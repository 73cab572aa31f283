/** Saying how a subscription stands: in its row, which rules delivery, and in its resource, which others read. */
import type { Pool, PoolClient } from 'pg'
import type { Subscription } from '../domain/subscription/subscription.ts'
import { NO_FACTS } from '../domain/access/filter.ts'
import { lockCurrentRow } from '../storage/current-row.ts'
import { transaction } from '../storage/db.ts'
import { putResource } from '../storage/resources.ts'
import { forgetWaiting } from '../storage/subscription-notifications.ts'
import { unbindSubscription } from '../storage/subscription-progress.ts'
import { changeStanding, lockSubscription, type NewStanding } from '../storage/subscriptions.ts'
import { isJsonObject } from '../wire/fhir/json.ts'
import { parseJsonText } from '../wire/fhir/parse-json.ts'
import { searchValues } from '../wire/fhir/search-values.ts'
import { withStatus } from '../wire/fhir/subscription.ts'

/**
 * Changes it where it stands as `was`, which a client's own update may have changed meanwhile; returns whether it
 * did. A subscription that is stopped is told nothing of what waits for it.
 */
export function settleStanding(
  pool: Pool,
  was: Pick<Subscription, 'id' | 'phase' | 'status'>,
  { at, ...next }: NewStanding & { readonly at: Date },
): Promise<boolean> {
  return transaction(pool, async (db) => {
    // In the order in which a write over FHIR takes the same locks.
    const name = { type: 'Subscription', id: was.id }
    const row = await lockCurrentRow(db, name, { kind: 'everything' })
    const known = await lockSubscription(db, was.id)
    if (known?.phase !== was.phase || known.status !== was.status) return false
    await changeStanding(db, was.id, next)
    if (next.phase === 'stopped') {
      await forgetWaiting(db, was.id)
      await unbindSubscription(db, was.id)
    }
    const isTold = next.status !== known.status || next.error !== known.error
    if (isTold && row !== undefined) await tell(db, row, { ...next, at })
    return true
  })
}

async function tell(
  db: PoolClient,
  row: NonNullable<Awaited<ReturnType<typeof lockCurrentRow>>>,
  next: NewStanding & { readonly at: Date },
): Promise<void> {
  const stored = row.content === null ? undefined : parseJsonText(row.content)
  if (!isJsonObject(stored)) return
  const resource = withStatus(stored, next)
  const { facts, quarantined } = row
  const { at } = next
  await putResource(
    db,
    {
      ...{ type: row.type, id: row.id, resource, quarantined, at },
      facts: { ...NO_FACTS, custodian: facts.custodian },
      search: searchValues(resource),
    },
    { method: 'PUT' },
  )
}
