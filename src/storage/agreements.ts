/** What custodian and requester have agreed to share, where it is not the network's default. */
import type { PoolClient } from 'pg'
import type { Agreement } from '../domain/access/network.ts'
import type { CarePurpose } from '../domain/access/principal.ts'
import type { OrganizationId } from '../kernel/ids.ts'
import { announceChanges } from './access-changes.ts'
import type { Db } from './db.ts'

interface AgreementRow {
  readonly custodian: OrganizationId
  readonly requester: OrganizationId
  readonly effect: 'permit' | 'deny'
  readonly purposes: readonly CarePurpose[] | null
  readonly modalities: readonly string[] | null
  readonly valid_from: Date | null
  readonly valid_until: Date | null
}

const LIST = `
select custodian, requester, effect, purposes, modalities, valid_from, valid_until from agreement`

export async function listAgreements(db: Db): Promise<readonly Agreement[]> {
  const { rows } = await db.query<AgreementRow>(LIST)
  return rows.map((row) => ({
    custodian: row.custodian,
    requester: row.requester,
    effect: row.effect,
    purposes: row.purposes ?? undefined,
    modalities: row.modalities ?? undefined,
    validFrom: row.valid_from ?? undefined,
    validUntil: row.valid_until ?? undefined,
  }))
}

const PUT = `
insert into agreement (custodian, requester, effect, purposes, modalities, valid_from, valid_until)
values ($1, $2, $3, $4, $5, $6, $7)
on conflict (custodian, requester) do update set
  effect = excluded.effect, purposes = excluded.purposes, modalities = excluded.modalities,
  valid_from = excluded.valid_from, valid_until = excluded.valid_until`

/** One agreement speaks between two members; a new one takes the place of the old. */
export async function putAgreement(db: PoolClient, agreement: Agreement): Promise<void> {
  const { custodian, requester, effect, purposes, modalities, validFrom, validUntil } = agreement
  await db.query(PUT, [custodian, requester, effect, purposes, modalities, validFrom, validUntil])
  await announceChanges(db, [{ kind: 'agreement', key: `${custodian}/${requester}` }])
}
