/** What an export at work is given. */
import type { Pool } from 'pg'
import type { Clock } from '../kernel/clock.ts'
import type { Log } from '../kernel/log.ts'
import type { Sealer } from '../kernel/seal.ts'
import type { ObjectStore } from '../storage/objects.ts'
import type { Summarize } from '../wire/fhir/summary.ts'
import type { JudgeExport } from './export-access.ts'
import type { RecordAudit } from './record-audit.ts'

export interface RunExportDeps {
  readonly pool: Pool
  readonly objects: ObjectStore
  readonly sealer: Sealer
  readonly judgeExport: JudgeExport
  readonly summarize: Summarize
  readonly recordAudit: RecordAudit
  readonly clock: Clock
  readonly log: Log
  /** The FHIR base address. */
  readonly base: string
  readonly pace?: Partial<ExportPace> | undefined
}

export interface ExportPace {
  /** How long a node that has died holds an export. */
  readonly leaseMs: number
  /** Writes that read the clock before an export began may begin their transaction so much later. */
  readonly graceMs: number
  readonly fileBytes: number
}

export type Running = RunExportDeps & { readonly pace: ExportPace }
