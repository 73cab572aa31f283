/** The hub's own access tokens (RFC 9068): signed by the authorization server, checked here. */
import { jwtVerify, type JWTPayload } from 'jose'
import { z } from 'zod'
import type { ClientId, GrantId } from '../../kernel/ids.ts'
import { readImagingDetail, type ImagingDetail } from './authorization-details.ts'
import { invalidToken, LEEWAY, tokenFault } from './invalid-token.ts'
import { verificationKeys, type JwkSet } from './jwks.ts'

export interface AccessTokenClaims {
  /** `jti` */
  readonly tokenId: string
  readonly client: ClientId
  /** The practitioner's handle, or the client's id where no person is behind the token. */
  readonly subject: string
  /** Space-separated. */
  readonly scope: string
  readonly grant?: GrantId | undefined
  readonly detail?: ImagingDetail | undefined
  /** SHA-256 thumbprint of the DPoP key the token is bound to (`cnf.jkt`, RFC 9449 section 6). */
  readonly boundTo?: string | undefined
  readonly issuedAt: Date
  readonly expiresAt: Date
}

/** Throws `unauthenticated` with reason `invalid_token`. `at` is the time of the check. */
export type VerifyAccessToken = (token: string, at: Date) => Promise<AccessTokenClaims>

const MAX_TOKEN = 16_384

/** `issuer` is the hub's public URL, which is the audience as well: its tokens are for itself alone. */
export function makeVerifyAccessToken(jwks: JwkSet, issuer: string): VerifyAccessToken {
  const keys = verificationKeys(jwks)
  const options = {
    issuer,
    audience: issuer,
    algorithms: ['ES256'],
    typ: 'at+jwt',
    clockTolerance: LEEWAY,
    requiredClaims: ['iss', 'aud', 'exp', 'iat', 'sub', 'jti', 'client_id'],
  }
  return async (token, at) => {
    if (token.length > MAX_TOKEN) throw invalidToken('The access token is too long')
    try {
      const { payload } = await jwtVerify(token, keys, { ...options, currentDate: at })
      return readClaims(payload)
    } catch (error) {
      throw tokenFault('The access token', error)
    }
  }
}

const claimsSchema = z.object({
  jti: z.string().min(1),
  sub: z.string().min(1),
  client_id: z
    .string()
    .min(1)
    .transform((id) => id as ClientId),
  scope: z.string().default(''),
  grant: z
    .string()
    .min(1)
    .transform((id) => id as GrantId)
    .optional(),
  authorization_details: z.array(z.unknown()).max(1).default([]),
  cnf: z.object({ jkt: z.string().optional() }).optional(),
  iat: z.number(),
  exp: z.number(),
})

function readClaims(payload: JWTPayload): AccessTokenClaims {
  const claims = claimsSchema.safeParse(payload)
  if (!claims.success) throw invalidToken('The access token lacks claims of the hub')
  const { data } = claims
  const [detail] = data.authorization_details
  return {
    tokenId: data.jti,
    client: data.client_id,
    subject: data.sub,
    scope: data.scope,
    grant: data.grant,
    detail: detail === undefined ? undefined : readImagingDetail(detail),
    boundTo: data.cnf?.jkt,
    issuedAt: new Date(data.iat * 1000),
    expiresAt: new Date(data.exp * 1000),
  }
}
