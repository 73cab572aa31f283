/**
 * Access tokens of other issuers, which the hub takes in one place only: the token exchange (access.md
 * section 1). Checks are those the Norwegian health network asks of a resource server (norway.md
 * section 2.5), with RFC 8725 behind them.
 */
import { decodeJwt, decodeProtectedHeader, errors, jwtVerify, type JWTPayload } from 'jose'
import type { AuthenticatedPerson } from '../../domain/access/person.ts'
import { findAttest } from './attest-claims.ts'
import { readHelseidPerson } from './helseid-claims.ts'
import { invalidToken, LEEWAY, SIGNATURE_ALGORITHMS, tokenFault } from './invalid-token.ts'
import { verificationKeys, type JwkSet } from './jwks.ts'

/** One entry of SAMSYN_TRUSTED_ISSUERS. */
export interface TrustedIssuer {
  readonly issuer: string
  /** The hub's own name at that issuer: the token's only audience. */
  readonly audience: string
  /** Which claims mean what. */
  readonly profile: 'helseid'
}

/**
 * The issuer's published keys, from a cache; `renew` asks for them to be read again because a key was not
 * among them. Rejects where the issuer cannot be reached.
 */
export type IssuerKeys = (issuer: string, renew: boolean) => Promise<JwkSet>

export interface ForeignToken {
  readonly person: AuthenticatedPerson
  /** Unread; undefined where the token has none. */
  readonly attest: unknown
  /** Thumbprint of the DPoP key the token is bound to. */
  readonly boundTo?: string | undefined
}

const MAX_TOKEN = 32_768
const TYPES: readonly unknown[] = ['at+jwt', 'application/at+jwt', 'jwt']

/** Throws `unauthenticated` with reason `invalid_token`. */
export async function verifyForeignToken(
  token: string,
  trust: { readonly issuers: readonly TrustedIssuer[]; readonly keysOf: IssuerKeys },
  at: Date,
): Promise<ForeignToken> {
  if (token.length > MAX_TOKEN) throw invalidToken('The subject token is too long')
  const issuer = trust.issuers.find((trusted) => trusted.issuer === issuerOf(token))
  if (issuer === undefined) throw invalidToken('The subject token is of an issuer not trusted here')

  const payload = await verifySignature(token, { issuer, keysOf: trust.keysOf, at })
  if (payload.aud !== issuer.audience && !isOnly(payload.aud, issuer.audience))
    throw invalidToken('The subject token must be for this hub and for no one else')
  return {
    person: readHelseidPerson(issuer.issuer, payload),
    attest: findAttest(payload.authorization_details),
    boundTo: thumbprintOf(payload),
  }
}

/** Who the token says it is from; undefined where it is no JWT or not of a type for access tokens. */
export function issuerOf(token: string): string | undefined {
  try {
    const { typ } = decodeProtectedHeader(token)
    if (!TYPES.includes(typ?.toLowerCase())) return undefined
    return decodeJwt(token).iss
  } catch {
    return undefined
  }
}

interface Signature {
  readonly issuer: TrustedIssuer
  readonly keysOf: IssuerKeys
  readonly at: Date
}

async function verifySignature(token: string, signature: Signature): Promise<JWTPayload> {
  const { issuer, keysOf, at } = signature
  const options = {
    issuer: issuer.issuer,
    audience: issuer.audience,
    algorithms: [...SIGNATURE_ALGORITHMS],
    clockTolerance: LEEWAY,
    currentDate: at,
    requiredClaims: ['iss', 'aud', 'exp'],
  }
  const verify = async (renew: boolean): Promise<JWTPayload> => {
    const keys = verificationKeys(await keysOf(issuer.issuer, renew))
    return (await jwtVerify(token, keys, options)).payload
  }
  try {
    return await verify(false).catch((error: unknown) => {
      // The issuer may have rotated its keys since they were read.
      if (error instanceof errors.JWKSNoMatchingKey) return verify(true)
      throw error
    })
  } catch (error) {
    throw tokenFault('The subject token', error)
  }
}

function isOnly(audience: JWTPayload['aud'], expected: string): boolean {
  return Array.isArray(audience) && audience.length === 1 && audience[0] === expected
}

function thumbprintOf(payload: JWTPayload): string | undefined {
  const { cnf } = payload
  if (typeof cnf !== 'object' || cnf === null || !('jkt' in cnf)) return undefined
  if (typeof cnf.jkt !== 'string')
    throw invalidToken('The subject token is bound in a way not known')
  return cnf.jkt
}
