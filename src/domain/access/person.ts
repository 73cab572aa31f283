/** Who the trusted issuer says is behind a request, before there is a grant. */
import type { AttestedIdentifier } from './attest.ts'

/** What the trusted issuer's token said about the person; read in `wire/oauth`, never stored in clear. */
export interface AuthenticatedPerson {
  readonly issuer: string
  readonly identifier: AttestedIdentifier
  readonly name: string
  readonly hprNumber?: string | undefined
  readonly assurance: 'high' | 'lower'
  /** Organisation numbers of the client's legal entity and sub-unit, from the token. */
  readonly orgnrParent: string
  readonly orgnrChild?: string | undefined
}
