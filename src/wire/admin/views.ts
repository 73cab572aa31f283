/** Members, clients, sources and agreements as /admin and the commands show them: one form, in demo.json as well. */
import type { Agreement, Client, Member } from '../../domain/access/network.ts'
import type { ImageSource, SourceCredentials } from '../../domain/imaging/source.ts'
import type { JsonObject } from '../fhir/json.ts'

/** A source as operators see it: its address, never its secrets. */
export interface SourceView extends Omit<ImageSource, 'settings'> {
  readonly url: string
  readonly credentials: SourceCredentials['kind']
  readonly lastSyncStarted: Date | null
  readonly lastSyncFinished: Date | null
  readonly lastSyncError: string | null
}

export function memberView({ id, orgnr, name, roles, active }: Member): JsonObject {
  return { id, orgnr, name, roles, active }
}

export function clientView(client: Client): JsonObject {
  return {
    client_id: client.id,
    member: client.member,
    name: client.name,
    scope: client.scope,
    dpop_bound: client.dpopBound,
    active: client.active,
    keys: client.jwks.keys.map((key) => key.kid ?? null),
  }
}

export function sourceView(source: SourceView): JsonObject {
  return {
    id: source.id,
    kind: 'dicomweb',
    custodian: source.custodian,
    name: source.name,
    url: source.url,
    credentials: source.credentials,
    default_issuer: source.defaultIssuer ?? null,
    time_zone: source.timeZone,
    character_set: source.characterSet,
    active: source.active,
    last_sync_started: source.lastSyncStarted?.toISOString() ?? null,
    last_sync_finished: source.lastSyncFinished?.toISOString() ?? null,
    last_sync_error: source.lastSyncError,
  }
}

export function agreementView(agreement: Agreement): JsonObject {
  return {
    custodian: agreement.custodian,
    requester: agreement.requester,
    effect: agreement.effect,
    purposes: agreement.purposes ?? null,
    modalities: agreement.modalities ?? null,
    valid_from: agreement.validFrom?.toISOString() ?? null,
    valid_until: agreement.validUntil?.toISOString() ?? null,
  }
}
