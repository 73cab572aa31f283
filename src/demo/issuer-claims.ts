/** What the demo's issuer says of a person, in HelseID's claims, and the attest it puts in the token. */
import { ATTEST_TYPE } from '../wire/oauth/attest-claims.ts'

export interface IssuerUser {
  readonly username: string
  readonly password: string
  readonly name: string
  readonly nationalId: string
  readonly hpr?: string | undefined
  /** Volven 9060. */
  readonly role: string
  /** HelseID's security level; 4, the highest, where absent. */
  readonly securityLevel?: string | undefined
}

export interface IssuerClient {
  readonly id: string
  /** Public keys. */
  readonly jwks: { readonly keys: readonly object[] }
  readonly orgnrParent: string
  readonly orgnrChild: string
  /** Whether its tokens must be bound; where not, they are when the client sends a proof. */
  readonly dpopBound: boolean
}

type Claims = Record<string, unknown>

export function personClaims(user: IssuerUser, client: IssuerClient): Claims {
  return {
    name: user.name,
    'helseid://claims/identity/pid': user.nationalId,
    'helseid://claims/identity/security_level': user.securityLevel ?? '4',
    'helseid://claims/identity/assurance_level': assurance(user),
    ...(user.hpr !== undefined && { 'helseid://claims/hpr/hpr_number': user.hpr }),
    'helseid://claims/client/claims/orgnr_parent': client.orgnrParent,
    'helseid://claims/client/claims/orgnr_child': client.orgnrChild,
    'helseid://claims/client/client_tenancy': 'single-tenant',
  }
}

function assurance({ securityLevel = '4' }: IssuerUser): string {
  return securityLevel === '4' ? 'high' : 'substantial'
}

const SYSTEM = {
  person: 'urn:oid:2.16.578.1.12.4.1.4.1',
  hpr: 'urn:oid:2.16.578.1.12.4.1.4.4',
  category: 'urn:oid:2.16.578.1.12.4.1.1.9060',
  organisation: 'urn:oid:2.16.578.1.12.4.1.4.101',
}

/**
 * The requested details with what the sign-in knows added where the client left it out: the practitioner
 * and the time of attest.
 */
export function completeDetails(
  details: readonly Claims[] | undefined,
  who: { readonly user: IssuerUser; readonly client: IssuerClient },
  now: Date,
): { type: string; [name: string]: unknown }[] | undefined {
  return details?.map((detail) => ({
    toa: Math.floor(now.getTime() / 1000),
    ...detail,
    type: ATTEST_TYPE,
    practitioner: { ...practitioner(who.user, who.client), ...objectOf(detail.practitioner) },
  }))
}

function practitioner(user: IssuerUser, client: IssuerClient): Claims {
  return {
    identifier: { id: user.nationalId, name: user.name, system: SYSTEM.person },
    ...(user.hpr !== undefined && { hpr_nr: { id: user.hpr, system: SYSTEM.hpr } }),
    authorization: { code: user.role, system: SYSTEM.category },
    legal_entity: { id: client.orgnrParent, system: SYSTEM.organisation },
    point_of_care: { id: client.orgnrChild, system: SYSTEM.organisation },
  }
}

function objectOf(value: unknown): object {
  return typeof value === 'object' && value !== null ? value : {}
}
