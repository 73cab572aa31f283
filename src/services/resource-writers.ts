/** Which resources may be created over FHIR, by whom, and how each becomes a row (access.md section 6). */
import type { PoolClient } from 'pg'
import { NO_FACTS } from '../domain/access/filter.ts'
import type { Action } from '../domain/access/principal.ts'
import { HubError } from '../kernel/errors.ts'
import { lookup } from '../kernel/lookup.ts'
import type { NewResource } from '../storage/resources.ts'
import { searchValues } from '../wire/fhir/search-values.ts'
import { fileReport } from './file-report.ts'
import type { WriteRequest } from './write-request.ts'

export interface ResourceWriter {
  readonly action: Action
  /** Runs in the caller's transaction; throws `unprocessable` with what does not fit. */
  readonly toRow: (db: PoolClient, request: WriteRequest) => Promise<NewResource>
  /** A contribution of a member's, which the hub says so of in a Provenance. */
  readonly contributed: boolean
}

const WRITERS: Readonly<Record<string, ResourceWriter>> = {
  DiagnosticReport: { action: 'publish', toRow: fileReport, contributed: true },
  Organization: { action: 'operate', toRow: directoryRow, contributed: false },
  Endpoint: { action: 'operate', toRow: directoryRow, contributed: false },
}

/** Throws `method-not-allowed` for a type that is not created in this way. */
export function writerOf(type: string): ResourceWriter {
  const writer = lookup(WRITERS, type)
  if (writer !== undefined) return writer
  throw new HubError('method-not-allowed', lookup(REFUSALS, type) ?? `${type} is not created here`)
}

/** What to do instead. */
const REFUSALS: Readonly<Record<string, string>> = {
  Consent: 'A Consent is recorded on its own: POST it to /Consent',
  ImagingStudy:
    'Studies enter the registry by publishing their objects (STOW-RS) or through a source',
  Patient: 'Patients are entered with the studies that are about them',
}

function directoryRow(_db: PoolClient, { resource, id, at }: WriteRequest): Promise<NewResource> {
  return Promise.resolve({
    type: String(resource.resourceType),
    id,
    resource,
    // The directory belongs to no member and no patient.
    facts: NO_FACTS,
    quarantined: false,
    search: searchValues(resource),
    at,
  })
}
