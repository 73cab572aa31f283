/** `$get-ws-binding-token`: what a websocket is bound to subscriptions by, once and soon. */
import type { Principal } from '../domain/access/principal.ts'
import type { ClientId } from '../kernel/ids.ts'
import { HubError } from '../kernel/errors.ts'
import type { Sealer } from '../kernel/seal.ts'
import type { Db } from '../storage/db.ts'
import { listSubscriptions } from '../storage/subscriptions.ts'
import type { UseProof } from '../storage/used-proofs.ts'
import { isJsonObject, listOf } from '../wire/fhir/json.ts'
import { permit, type PermitDeps } from './permit.ts'
import type { RequestContext } from './record-audit.ts'

export interface BindingToken {
  readonly token: string
  /** When it is no longer good for binding; what is bound by then stays so. */
  readonly expiresAt: Date
  readonly subscriptions: readonly string[]
}

/**
 * For all of the caller's websocket subscriptions, or those of `ids`. Throws `not-found` where one is not the
 * caller's, is off or has another channel.
 */
export type IssueBindingToken = (
  principal: Principal,
  ids: readonly string[] | undefined,
  context: RequestContext,
) => Promise<BindingToken>

/** What a token was good for; undefined where it is none, is over or has been used. */
export type RedeemBindingToken = (
  token: string,
) => Promise<{ readonly client: ClientId; readonly ids: readonly string[] } | undefined>

export interface BindingTokenDeps extends PermitDeps {
  readonly db: Db
  readonly sealer: Sealer
  readonly useProof: UseProof
  readonly newId: () => string
}

const GOOD_FOR_MS = 60_000
/** In one token. */
const MOST = 100
const CONTEXT = 'subscription-binding-token'

export function makeIssueBindingToken(deps: BindingTokenDeps): IssueBindingToken {
  return async (principal, ids, context) => {
    const query = 'Subscription/$get-ws-binding-token'
    await permit(deps, { principal, action: 'subscribe', query }, context)
    const { client } = principal
    const own = await listSubscriptions(deps.db, { client, ids })
    const bindable = own.filter(
      ({ channel, phase }) => channel === 'websocket' && phase !== 'stopped',
    )
    const subscriptions = bindable.map(({ id }) => id)
    if (subscriptions.length === 0 || new Set(ids ?? subscriptions).size > subscriptions.length)
      throw new HubError('not-found', 'No such websocket subscription of this client')
    if (subscriptions.length > MOST)
      throw new HubError('invalid', `A token binds at most ${MOST} subscriptions: name them by id`)
    const expiresAt = new Date(deps.clock().getTime() + GOOD_FOR_MS)
    const content = { jti: deps.newId(), client, ids: subscriptions, exp: expiresAt.getTime() }
    const token = deps.sealer.seal(JSON.stringify(content), CONTEXT).toString('base64url')
    return { token, expiresAt, subscriptions }
  }
}

export function makeRedeemBindingToken({
  sealer,
  useProof,
  clock,
}: Pick<BindingTokenDeps, 'sealer' | 'useProof' | 'clock'>): RedeemBindingToken {
  return async (token) => {
    const content = openToken(sealer, token)
    if (content === undefined || content.exp <= clock().getTime()) return undefined
    const isFirst = await useProof(`ws-binding/${content.jti}`, new Date(content.exp))
    return isFirst ? { client: content.client as ClientId, ids: content.ids } : undefined
  }
}

function openToken(sealer: Sealer, token: string) {
  try {
    const content: unknown = JSON.parse(sealer.open(Buffer.from(token, 'base64url'), CONTEXT))
    if (!isJsonObject(content)) return undefined
    const { jti, client, exp, ids } = content
    return {
      ...{ jti: String(jti), client: String(client), exp: Number(exp) },
      ids: listOf(ids).map(String),
    }
  } catch {
    return undefined
  }
}
