/** A registered client in the library's words (RFC 7591). Its scopes are checked by the hub, which knows what they cover. */
import type { AllClientMetadata } from 'oidc-provider'
import type { Client } from '../../domain/access/network.ts'

export const TOKEN_EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange'

export function clientMetadata(client: Client): AllClientMetadata {
  return {
    client_id: client.id,
    client_name: client.name,
    grant_types: ['client_credentials', TOKEN_EXCHANGE],
    response_types: [],
    redirect_uris: [],
    token_endpoint_auth_method: 'private_key_jwt',
    jwks: { keys: client.jwks.keys.map((key) => ({ ...key })) },
    dpop_bound_access_tokens: client.dpopBound,
  }
}
