/** Metadata (RFC 8414, IHE ITI-103): the library's document, put right where the hub is more or less than it says. */
import type { Provider } from 'oidc-provider'
import { ROUTES } from './provider.ts'
import { SIGNATURE_ALGORITHMS } from '../../wire/oauth/invalid-token.ts'
import { IMAGING_TYPE } from '../../wire/oauth/authorization-details.ts'
import { ATTEST_TYPE } from '../../wire/oauth/attest-claims.ts'

/** Of OpenID Connect and the authorization code flow, which the hub does not have. */
const NOT_OURS = [
  'authorization_endpoint',
  'authorization_response_iss_parameter_supported',
  'claims_parameter_supported',
  'claims_supported',
  'code_challenge_methods_supported',
  'id_token_signing_alg_values_supported',
  'request_uri_parameter_supported',
  'response_modes_supported',
  'subject_types_supported',
]

export function correctMetadata(provider: Provider, issuer: string): void {
  const ours = {
    response_types_supported: [],
    introspection_endpoint: `${issuer}${ROUTES.introspection}`,
    introspection_endpoint_auth_methods_supported: ['private_key_jwt'],
    introspection_endpoint_auth_signing_alg_values_supported: SIGNATURE_ALGORITHMS,
    revocation_endpoint: `${issuer}${ROUTES.revocation}`,
    revocation_endpoint_auth_methods_supported: ['private_key_jwt'],
    revocation_endpoint_auth_signing_alg_values_supported: SIGNATURE_ALGORITHMS,
    authorization_details_types_supported: [IMAGING_TYPE, ATTEST_TYPE],
    access_token_format: 'ietf-jwt',
  }
  provider.use(async (ctx, next) => {
    await next()
    const body: unknown = ctx.body
    if (!ctx.path.startsWith('/.well-known/') || typeof body !== 'object' || body === null) return
    const kept = Object.entries(body).filter(([name]) => !NOT_OURS.includes(name))
    ctx.body = { ...Object.fromEntries(kept), ...ours }
  })
}
