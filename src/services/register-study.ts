/** Entering instances into the index and keeping one ImagingStudy per custodian's copy in step with it. */
import type { PoolClient } from 'pg'
import type { InstanceHeader } from '../domain/imaging/study.ts'
import type { ImagingStudyId, OrganizationId, SourceId } from '../kernel/ids.ts'

/** Where the bytes of a deposited instance are, and what is kept ready for later reads. */
export interface DepositedBytes {
  readonly landing: string
  readonly offset: number
  readonly bytes: number
  readonly sha256: Uint8Array
  /** Whole DICOM JSON metadata without bulk data, gzip. */
  readonly metadata: Uint8Array
}

export interface IndexedInstance {
  readonly header: InstanceHeader
  /** Absent for an instance held at a source. */
  readonly deposited?: DepositedBytes | undefined
}

export interface RegisteredStudy {
  readonly imagingStudy: ImagingStudyId
  readonly created: boolean
  readonly quarantined: boolean
}

/**
 * Runs in the caller's transaction. All instances are of one study; their (custodian, SOP Instance UID)
 * is not in the index yet, or is held at the same source. Resolves the patient, writes study, series and
 * instances, rewrites the ImagingStudy (visible at commit), its Provenance, and (re)schedules settling.
 */
export type RegisterStudy = (
  db: PoolClient,
  request: {
    readonly custodian: OrganizationId
    readonly source?: SourceId | undefined
    readonly instances: readonly IndexedInstance[]
    /** Who published, for Provenance.agent. */
    readonly publishedBy: { readonly client?: string; readonly member: OrganizationId }
    readonly at: Date
  },
) => Promise<RegisteredStudy>
