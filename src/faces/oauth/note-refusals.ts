/** Refusals of the token endpoint that the library answers by itself, for the log. */
import type { KoaContextWithOIDC, Provider } from 'oidc-provider'
import { contextOf } from '../request-state.ts'
import type { ProvenClients } from './provider-storage.ts'
import type { ClientId } from '../../kernel/ids.ts'
import type { Log } from '../../kernel/log.ts'
import { HubError } from '../../kernel/errors.ts'
import type { NoteRefusal, RefusedCall } from '../../services/note-refusal.ts'
import { claimedClient } from '../../wire/oauth/client-assertion.ts'

export interface NoteRefusalsDeps {
  readonly noteRefusal: NoteRefusal
  readonly log: Log
}

/** The answer waits for the event; one refusal too many is answered with 429 and Retry-After (RFC 6585). */
export function noteRefusals(
  provider: Provider,
  { noteRefusal, log }: NoteRefusalsDeps,
  proven: ProvenClients,
): void {
  const refusals = new WeakMap<object, RefusedCall>()
  provider.on('grant.error', (ctx, error) => {
    // What the hub's own services refuse, they have logged.
    if (!(error.cause instanceof HubError))
      refusals.set(ctx, { reason: error.error, ...callerOf(ctx, proven) })
  })
  provider.use(async (ctx, next) => {
    await next()
    const refused = refusals.get(ctx)
    if (refused === undefined) return
    try {
      const context = { ...contextOf(ctx.req), channel: 'oauth' }
      const wait = await noteRefusal(refused, context)
      if (wait === undefined) return
      ctx.status = 429
      ctx.set('Retry-After', String(wait))
    } catch (error) {
      // The caller is refused all the same.
      log.error({ err: error }, 'A refusal could not be logged')
    }
  })
}

function callerOf(
  ctx: KoaContextWithOIDC,
  proven: ProvenClients,
): Pick<RefusedCall, 'client' | 'claimed'> {
  const { client, params } = ctx.oidc
  if (client !== undefined && proven.has(ctx)) return { client: client.clientId as ClientId }
  const { client_id: id, client_assertion: assertion } = params ?? {}
  if (typeof id === 'string') return { claimed: id }
  return { claimed: typeof assertion === 'string' ? claimedClient(assertion) : undefined }
}
