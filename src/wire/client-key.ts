/** A client's private key as `samsyn client add` prints it: the JWK alone, or with --json beside its client. */
import { z } from 'zod'
import { HubError } from '../kernel/errors.ts'

// RFC 7518 section 6.2: P-256, with the private part.
const jwk = z.looseObject({
  kty: z.literal('EC'),
  crv: z.literal('P-256'),
  x: z.string(),
  y: z.string(),
  d: z.string(),
})
const schema = z.union([
  z.object({ client_id: z.string(), private_jwk: jwk }),
  jwk.transform((key) => ({ client_id: undefined, private_jwk: key })),
])

export interface ClientKey {
  /** Absent where the text is the key alone. */
  readonly clientId: string | undefined
  readonly privateJwk: Readonly<Record<string, unknown>>
}

/** Throws `invalid` where the text is neither. */
export function parseClientKey(text: string): ClientKey {
  const parsed = schema.safeParse(parseJson(text))
  if (!parsed.success)
    throw new HubError('invalid', 'The key is not a private JWK as `samsyn client add` prints it')
  const { client_id: clientId, private_jwk: privateJwk } = parsed.data
  return { clientId, privateJwk }
}

/** Undefined, which the schema does not accept, where it is not JSON. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
