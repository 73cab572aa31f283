/** A system the hub fetches from on a custodian's behalf; known to operators alone. */
import type { OrganizationId, SourceId } from '../../kernel/ids.ts'

/** How the hub makes itself known to the source. */
export type SourceCredentials =
  | { readonly kind: 'none' }
  | { readonly kind: 'basic'; readonly username: string; readonly password: string }
  | { readonly kind: 'bearer'; readonly token: string }

/** What is kept sealed. */
export interface SourceSettings {
  /** Base address of the DICOMweb service, without a slash at its end. */
  readonly url: string
  readonly credentials: SourceCredentials
}

export interface ImageSource {
  readonly id: SourceId
  readonly custodian: OrganizationId
  readonly name: string
  readonly settings: SourceSettings
  /** `urn:oid:…` of patient ids that come without an issuer. */
  readonly defaultIssuer?: string | undefined
  /** IANA zone of dates without (0008,0201). */
  readonly timeZone: string
  /** Of objects without (0008,0005). */
  readonly characterSet: string
  readonly active: boolean
}
