/**
 * What a decision reads, held in memory by each node and followed change by change: LISTEN/NOTIFY plus a
 * re-read every 2 s. It fails closed: older than 5 s, every question throws `unavailable`.
 */
import type { PatientConsent } from '../domain/access/consent.ts'
import type { Agreement, Client, Member } from '../domain/access/network.ts'
import type { Grant } from '../domain/access/grant.ts'
import type { ClientId, GrantId, OrganizationId, PatientId } from '../kernel/ids.ts'

export interface AccessChange {
  readonly kind: 'member' | 'client' | 'agreement' | 'grant' | 'token' | 'patient'
  readonly key: string
}

export interface AccessState {
  client(id: ClientId): Client | undefined
  member(id: OrganizationId): Member | undefined
  memberByOrgnr(orgnr: string): Member | undefined
  agreements(requester: OrganizationId): readonly Agreement[]
  isRevoked(tokenId: string): boolean
  /** The grant as stored, revoked or not; undefined where there is none. */
  grant(id: GrantId): Promise<Grant | undefined>
  /** All of the patient's active consents. */
  consents(patient: PatientId): Promise<readonly PatientConsent[]>
  /** Called after the change is taken up; returns what ends the subscription. */
  onChange(listener: (change: AccessChange) => void): () => void
  close(): Promise<void>
}
