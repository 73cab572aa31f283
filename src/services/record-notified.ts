/** The audit of resources sent to a subscriber: written before they leave, one event for each patient. */
import type { Clock } from '../kernel/clock.ts'
import type { OrganizationId, PatientId } from '../kernel/ids.ts'
import type { Subscription } from '../domain/subscription/subscription.ts'
import type { AuditEntity } from '../domain/audit/event.ts'
import { accessRecord } from './access-record.ts'
import type { BatchEvent } from './notification-batch.ts'
import type { RecordAudit } from './record-audit.ts'
import { subscriberOf } from './subscription-access.ts'

export async function recordNotified(
  { recordAudit, clock }: { readonly recordAudit: RecordAudit; readonly clock: Clock },
  subscription: Subscription,
  events: readonly BatchEvent[],
): Promise<void> {
  const principal = subscriberOf(subscription)
  const context = { requestId: `subscription-${subscription.id}`, channel: 'subscription' }
  const byPatient = Map.groupBy(events, ({ patient }) => patient)
  await Promise.all(
    [...byPatient].map(([patient, told]) =>
      recordAudit(
        accessRecord(
          { principal },
          {
            ...{ act: 'notified', at: clock(), outcome: '0', entities: told.map(entityOf) },
            ...(patient !== null && { patient: patient as PatientId }),
          },
          context,
        ),
      ),
    ),
  )
}

function entityOf({ type, id, version, custodian }: BatchEvent): AuditEntity {
  const reference = `${type}/${id}/_history/${version}`
  return {
    ...{ kind: 'resource', reference },
    ...(custodian !== null && { custodian: custodian as OrganizationId }),
  }
}
