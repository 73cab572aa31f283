/** `POST /oauth/revoke` (RFC 7009): a token's client ends it, and with it the grant it carries. */
import type { RequestHandler } from 'express'
import { clientCall, type ClientCallDeps } from './client-call.ts'
import { contextOf } from '../request-state.ts'
import type { RevokeToken } from '../../services/revoke-token.ts'

export interface RevokeDeps extends ClientCallDeps {
  readonly revokeToken: RevokeToken
}

export function revoke(deps: RevokeDeps): RequestHandler {
  return clientCall(deps, async ({ caller, token, req }, res) => {
    await deps.revokeToken(caller, token, { ...contextOf(req), channel: 'oauth' })
    res.status(200).end()
  })
}
