/** A token kept until shortly before its end: what authorises each request of a long command. */
import type { Clock } from '../kernel/clock.ts'
import type { AuthorizeRequest } from '../sources/hub-dicomweb.ts'
import type { ObtainedToken } from './obtain-token.ts'

/** Milliseconds before its end that a token is no longer trusted to last a request. */
const MARGIN = 20_000

/** `obtain` is called at the first request, and again when the last token is about to end. */
export function makeTokenKeeper(
  obtain: () => Promise<ObtainedToken>,
  clock: Clock,
): AuthorizeRequest {
  let kept: { readonly token: Promise<ObtainedToken>; readonly until: number } | undefined

  async function current(): Promise<ObtainedToken> {
    if (kept !== undefined && clock().getTime() < kept.until) return kept.token
    // Requests that come meanwhile wait for the same answer.
    const asked = { token: obtain(), until: Infinity }
    kept = asked
    try {
      const obtained = await asked.token
      const lasts = (obtained.token.expiresIn ?? 0) * 1000 - MARGIN
      kept = { token: asked.token, until: clock().getTime() + lasts }
      return obtained
    } catch (error) {
      kept = undefined
      throw error
    }
  }

  return async (request) => (await current()).authorize(request)
}
