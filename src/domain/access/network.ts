/** The network as the decision sees it: members, their clients, and what they have agreed to share. */
import type { ClientId, OrganizationId } from '../../kernel/ids.ts'
import type { CarePurpose, MemberRole } from './principal.ts'

export interface Member {
  readonly id: OrganizationId
  /** Organisasjonsnummer, nine digits. */
  readonly orgnr: string
  readonly name: string
  readonly roles: readonly MemberRole[]
  readonly active: boolean
}

export interface Client {
  readonly id: ClientId
  readonly member: OrganizationId
  readonly name: string
  /** Registered scopes, space-separated. */
  readonly scope: string
  /** JWK Set of the client's public keys. */
  readonly jwks: { readonly keys: readonly Readonly<Record<string, unknown>>[] }
  readonly dpopBound: boolean
  readonly active: boolean
}

/** Custodian shares with requester, or refuses to; absent means the network's default speaks. */
export interface Agreement {
  readonly custodian: OrganizationId
  readonly requester: OrganizationId
  readonly effect: 'permit' | 'deny'
  readonly purposes?: readonly CarePurpose[] | undefined
  readonly modalities?: readonly string[] | undefined
  readonly validFrom?: Date | undefined
  readonly validUntil?: Date | undefined
}
