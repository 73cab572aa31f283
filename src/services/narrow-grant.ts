/** Down-scoping: a narrower child of a live grant (access.md section 4). */
import { randomUUID } from 'node:crypto'
import type { Pool } from 'pg'
import type { Grant } from '../domain/access/grant.ts'
import type { Action, Principal } from '../domain/access/principal.ts'
import type { Clock } from '../kernel/clock.ts'
import { HubError } from '../kernel/errors.ts'
import type { ClientId, GrantId, StudyUid } from '../kernel/ids.ts'
import { transaction } from '../storage/db.ts'
import { insertChildGrant } from '../storage/grants.ts'
import { accessRecord } from './access-record.ts'
import type { AccessState } from './access-state.ts'
import type { RecordAudit, RequestContext } from './record-audit.ts'

/** A narrower child of a live grant: fewer studies, fewer actions, never more, never longer. */
export type NarrowGrant = (
  parent: Grant,
  narrowing: {
    readonly client: ClientId
    readonly actions?: readonly Action[] | undefined
    readonly studies?: readonly StudyUid[] | undefined
    readonly expiresAt?: Date | undefined
  },
  context: RequestContext,
) => Promise<Grant>

export interface NarrowGrantDeps {
  readonly pool: Pool
  readonly state: AccessState
  readonly recordAudit: RecordAudit
  readonly clock: Clock
}

type Narrowing = Parameters<NarrowGrant>[1]

/**
 * The event is logged first: the child is found by its token alone, which is not made before this
 * resolves. Throws `invalid` (`invalid_grant`) where the parent has ended or the child would be wider.
 */
export function makeNarrowGrant({ pool, state, recordAudit, clock }: NarrowGrantDeps): NarrowGrant {
  return async (parent, narrowing, context) => {
    const at = clock()
    if (parent.revokedAt !== undefined || parent.expiresAt <= at) throw ended()
    const client = state.client(narrowing.client)
    if (client?.active !== true || client.member !== parent.member)
      throw tooWide('The client is not one of the grant’s own member')

    const grant = narrow(parent, narrowing, at)
    const issued = { act: 'token-issued', at, outcome: '0', entities: [] } as const
    await recordAudit(accessRecord({ principal: principalOf(grant), grant }, issued, context))
    const stored = await transaction(pool, (db) => insertChildGrant(db, grant, parent.id))
    if (!stored) throw ended()
    return grant
  }
}

function narrow(
  parent: Grant,
  { client, actions, studies, expiresAt }: Narrowing,
  at: Date,
): Grant {
  if (actions?.some((action) => !parent.actions.includes(action)) === true)
    throw tooWide('An action is not one of the grant’s')
  if (
    parent.studies !== undefined &&
    studies?.some((uid) => !parent.studies?.includes(uid)) === true
  )
    throw tooWide('A study is not one of the grant’s')
  const until =
    expiresAt === undefined || expiresAt > parent.expiresAt ? parent.expiresAt : expiresAt
  if (until <= at) throw tooWide('The grant would have ended before it began')
  return {
    ...parent,
    id: randomUUID() as GrantId,
    client,
    actions: actions ?? parent.actions,
    studies: studies ?? parent.studies,
    issuedAt: at,
    expiresAt: until,
  }
}

function principalOf({ id, client, member, unit, practitioner, actions }: Grant): Principal {
  return { client, member, unit, practitioner, grant: id, actions: new Set(actions), tokenId: '' }
}

function ended(): HubError {
  return tooWide('The grant has ended; a new attest is needed')
}

function tooWide(message: string): HubError {
  return new HubError('invalid', message, { reason: 'invalid_grant' })
}
