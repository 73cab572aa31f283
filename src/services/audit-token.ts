/** What the audit log hears of the token endpoint beside the grants: systems' tokens, and refusals before a decision. */
import type { AccessState } from './access-state.ts'
import type { RecordAudit, RequestContext } from './record-audit.ts'
import type { Principal } from '../domain/access/principal.ts'
import { actionsOf } from '../domain/access/scopes.ts'
import type { Clock } from '../kernel/clock.ts'
import { HubError } from '../kernel/errors.ts'
import type { ClientId } from '../kernel/ids.ts'

export interface AuditToken {
  /** Rejects where it cannot be logged: then the token is not handed out. */
  systemTokenIssued(token: SystemToken, context: RequestContext): Promise<void>
  /** Logs what a caller was refused for; a fault of the server is not a refusal. */
  tokenRefused(client: ClientId, error: unknown, context: RequestContext): Promise<void>
}

export interface SystemToken {
  readonly client: ClientId
  /** `jti` */
  readonly tokenId: string
  /** Space-separated. */
  readonly scope: string
}

export interface AuditTokenDeps {
  readonly accessState: Pick<AccessState, 'client'>
  readonly recordAudit: RecordAudit
  readonly clock: Clock
}

export function makeAuditToken({ accessState, recordAudit, clock }: AuditTokenDeps): AuditToken {
  const principalOf = ({ client: id, tokenId, scope }: SystemToken): Principal | undefined => {
    const client = accessState.client(id)
    return client && { client: id, member: client.member, actions: actionsOf(scope), tokenId }
  }
  return {
    async systemTokenIssued(token, context) {
      const issued = { act: 'token-issued', at: clock(), outcome: '0', entities: [] } as const
      await recordAudit({ ...context, ...issued, principal: principalOf(token) })
    },
    async tokenRefused(client, error, context) {
      if (!(error instanceof HubError) || error.code === 'unavailable') return
      const refused = { act: 'token-refused', at: clock(), outcome: '4', entities: [] } as const
      const reason = error.reason ?? error.code
      const principal = principalOf({ client, tokenId: '', scope: '' })
      await recordAudit({ ...context, ...refused, reason, principal })
    },
  }
}
