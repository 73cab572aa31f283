/** What introspection and revocation share: a client's form in, OAuth JSON out (RFC 7662, RFC 7009). */
import type { Request, RequestHandler, Response } from 'express'
import { toOauthError } from './oauth-error.ts'
import { contextOf } from '../request-state.ts'
import { HubError, isHubError } from '../../kernel/errors.ts'
import type { Client } from '../../domain/access/network.ts'
import type { AuthenticateClient } from '../../services/authenticate-client.ts'
import type { NoteRefusal } from '../../services/note-refusal.ts'
import { claimedClient } from '../../wire/oauth/client-assertion.ts'

export interface ClientCallDeps {
  readonly authenticateClient: AuthenticateClient
  readonly noteRefusal: NoteRefusal
  /** Public URL of the endpoint. */
  readonly url: string
}

interface ClientCall {
  readonly caller: Client
  readonly token: string
  readonly req: Request
}

/** Wraps an endpoint that takes `token` from an authenticated client. Expects a parsed form body. */
export function clientCall(
  { authenticateClient, noteRefusal, url }: ClientCallDeps,
  answer: (call: ClientCall, res: Response) => Promise<void>,
): RequestHandler {
  return async (req, res, next) => {
    res.set({ 'Cache-Control': 'no-store', Pragma: 'no-cache' })
    try {
      const caller = await authenticateClient({
        assertion: field(req, 'client_assertion'),
        assertionType: field(req, 'client_assertion_type'),
        clientId: field(req, 'client_id'),
        url,
      })
      const token = field(req, 'token')
      if (token === undefined)
        throw new HubError('invalid', 'token is missing', { reason: 'invalid_request' })
      await answer({ caller, token, req }, res)
    } catch (error) {
      await noteUnproven(noteRefusal, req, { res, error })
      sendError(res, error, next)
    }
  }
}

/** A client that is not who it says; everything else is refused to someone known, and for that call alone. */
async function noteUnproven(
  noteRefusal: NoteRefusal,
  req: Request,
  { res, error }: { readonly res: Response; readonly error: unknown },
): Promise<void> {
  if (!isHubError(error, 'unauthenticated') || error.reason !== 'invalid_client') return
  const claimed = field(req, 'client_id') ?? claimedClient(field(req, 'client_assertion') ?? '')
  const context = { ...contextOf(req), channel: 'oauth' }
  const wait = await noteRefusal({ reason: error.reason, claimed }, context)
  if (wait !== undefined) res.status(429).set('Retry-After', String(wait))
}

/** A form field that was sent once; one sent twice arrives as an array and counts as not sent. */
function field(req: Request, name: string): string | undefined {
  const body: unknown = req.body
  if (typeof body !== 'object' || body === null) return undefined
  const value: unknown = Object.getOwnPropertyDescriptor(body, name)?.value
  return typeof value === 'string' && value !== '' ? value : undefined
}

function sendError(res: Response, error: unknown, next: (error: unknown) => void): void {
  const known = toOauthError(error)
  if (known === undefined) {
    next(error)
    return
  }
  const status = res.statusCode === 429 ? 429 : known.status
  res.status(status).json({ error: known.error, error_description: known.description })
}
