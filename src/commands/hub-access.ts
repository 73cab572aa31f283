/** How a command that talks to a hub names its caller, and what it is given in return. */
import type { HubClient } from '../sources/hub.ts'

export type Caller =
  /** A system of a member; absent: the one that may publish, where there is only one. */
  | { readonly kind: 'client'; readonly id: string | undefined }
  /** A person with an attest for one patient. */
  | {
      readonly kind: 'person'
      readonly username: string
      readonly patient: string
      readonly purpose: string
      readonly studies: readonly string[]
    }
  /** An access token from elsewhere, used as it is. */
  | { readonly kind: 'token'; readonly token: string }

export interface HubAccess {
  /** `hub` is its public address; absent: the one the identities belong to. */
  readonly openHub: (caller: Caller, hub: string | undefined) => Promise<HubClient>
}
