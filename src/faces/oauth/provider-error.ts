/** The hub's errors as the library's, wherever it calls us back: otherwise each would be a server error. */
import { errors } from 'oidc-provider'
import { toOauthError } from './oauth-error.ts'

/** Awaits `work`; a HubError becomes an OAuth error with its own status, anything else passes as it is. */
export async function inProviderTerms<Result>(
  work: () => Result | Promise<Result>,
): Promise<Result> {
  try {
    return await work()
  } catch (error) {
    throw translate(error)
  }
}

function translate(error: unknown): unknown {
  const known = toOauthError(error)
  if (known === undefined) return error
  const translated = new errors.CustomOIDCProviderError(known.error, known.description, {
    cause: error,
  })
  return Object.assign(translated, { status: known.status, statusCode: known.status })
}
