/**
 * Members, clients, agreements, sources and unclear identities as operators manage them: the one set of verbs behind
 * `samsyn member|client|source|identity` and behind /admin. Each act is logged before it takes effect; one that cannot be logged does not happen.
 */
import type { Agreement, Client, Member } from '../domain/access/network.ts'
import type { Principal } from '../domain/access/principal.ts'
import type { ImagingStudyId, PatientId } from '../kernel/ids.ts'
import type { AssigningAuthority } from '../storage/assigning-authorities.ts'
import type { Hl7SenderRow } from '../storage/hl7-senders.ts'
import type { NewHl7Sender } from '../wire/admin/hl7-senders.ts'
import type {
  NewAgreement,
  NewAuthority,
  NewClient,
  NewMember,
  NewSource,
} from '../wire/admin/requests.ts'
import type { UnclearIdentity } from '../wire/admin/queue-views.ts'
import type { SourceView } from '../wire/admin/views.ts'
import type { RequestContext } from './record-audit.ts'

/** Who administers. Without a principal it is someone with a shell on the hub's machine. */
export interface Operator {
  readonly principal?: Principal | undefined
  readonly context: RequestContext
}

/** A private key on its only appearance: the hub keeps the public part alone. */
export type PrivateJwk = Readonly<Record<string, unknown>>

export interface ClientWithKey {
  readonly client: Client
  /** Absent where the operator brought the public key. */
  readonly privateJwk?: PrivateJwk | undefined
}

export interface SourceTest {
  readonly ok: boolean
  readonly milliseconds: number
  /** What went wrong, and what to look at. */
  readonly problem?: string | undefined
}

export interface SyncReport {
  readonly studies: number
  readonly series: number
  readonly instances: number
  /** Studies that could not be registered; the sync goes on past them. */
  readonly failed: number
}

export interface SyncProgress {
  /** Called as each study is done; `total` where the source said how many there are. */
  readonly onStudy?: ((done: number, total: number | undefined) => void) | undefined
  readonly signal?: AbortSignal | undefined
}

export interface QueuePage {
  /** Id of the last one seen. */
  readonly after?: number | undefined
  /** At most 100. */
  readonly limit?: number | undefined
  /** `masked` where absent: their last five digits are hidden. */
  readonly nationalIds?: 'masked' | 'shown' | undefined
}

/** Whose it is: a Patient of the hub's, by its id or personal number, or one to be made. */
export type IdentityDecision = PatientId | 'new' | { readonly nationalId: string }

export interface ResolvedIdentity {
  /** Null where it was a report's. */
  readonly imagingStudy: ImagingStudyId | null
  /** Id of the DiagnosticReport; null where it was a study's. */
  readonly report: string | null
  readonly patient: PatientId
}

/** Every verb throws `not-found` for an id that is not there and `conflict` for one that is taken. */
export interface Administration {
  addMember(request: NewMember, by: Operator): Promise<Member>
  listMembers(by: Operator): Promise<readonly Member[]>
  /** Also by organisation number. */
  findMember(id: string, by: Operator): Promise<Member>
  /** Ends the member's grants and streams within seconds, and what it published is no longer found. */
  disableMember(id: string, by: Operator): Promise<Member>

  addClient(request: NewClient, by: Operator): Promise<ClientWithKey>
  listClients(by: Operator): Promise<readonly Client[]>
  /** New keys in place of the old, which end at once: those of `jwks`, or a pair made here. */
  rotateClient(id: string, jwks: Client['jwks'] | undefined, by: Operator): Promise<ClientWithKey>
  disableClient(id: string, by: Operator): Promise<Client>

  /** Hosts that the client's subscriptions may name, as `name:port`. */
  listClientHooks(client: string, by: Operator): Promise<readonly string[]>
  /** `host` without a port means 443. `invalid` where it is no host; resolves to what is registered now. */
  addClientHook(client: string, host: string, by: Operator): Promise<readonly string[]>
  /** Notifications to it stop at once, and its subscriptions say so in their error. */
  removeClientHook(client: string, host: string, by: Operator): Promise<readonly string[]>

  listAgreements(by: Operator): Promise<readonly Agreement[]>
  /** What the custodian shares with the requester from now on, in place of the network's default. */
  setAgreement(request: NewAgreement, by: Operator): Promise<Agreement>

  addSource(request: NewSource, by: Operator): Promise<SourceView>
  listSources(by: Operator): Promise<readonly SourceView[]>
  /** The archive has a new address; credentials and studies stay. */
  moveSource(id: string, url: string, by: Operator): Promise<SourceView>
  /** Asks the source one small question; what it answers is reported, not thrown. */
  testSource(id: string, by: Operator): Promise<SourceTest>
  /** Reads the source's index and registers its studies; `source-failed` and its kin where it breaks off. */
  syncSource(id: string, progress: SyncProgress, by: Operator): Promise<SyncReport>

  listAuthorities(by: Operator): Promise<readonly AssigningAuthority[]>
  /** Throws `conflict` where a member speaks for the system already, or names another one so. */
  addAuthority(request: NewAuthority, by: Operator): Promise<AssigningAuthority>
  removeAuthority(system: string, by: Operator): Promise<void>

  listHl7Senders(by: Operator): Promise<readonly Hl7SenderRow[]>
  addHl7Sender(request: NewHl7Sender, by: Operator): Promise<Hl7SenderRow>
  /** Its next message is rejected; its certificate may be registered again. */
  disableHl7Sender(id: string, by: Operator): Promise<Hl7SenderRow>

  /** Oldest first. Every look is logged. */
  listUnclearIdentities(page: QueuePage, by: Operator): Promise<readonly UnclearIdentity[]>
  /**
   * Links the study to the patient, with its reports, or the report, and ends every doubt about it;
   * `conflict` where that has been done, or the patient has been replaced. `new` makes a Patient of what the object says, or takes the one whose valid national id
   * it names.
   */
  resolveIdentity(id: number, decision: IdentityDecision, by: Operator): Promise<ResolvedIdentity>
}
