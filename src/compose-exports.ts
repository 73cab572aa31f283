/** Bulk exports: begun over FHIR, made by jobs, fetched from the object store. */
import { randomUUID } from 'node:crypto'
import type { Foundation, Ground } from './compose-ground.ts'
import { makeCancelExport, makeSweepExports } from './services/cancel-export.ts'
import type { DecideSight } from './services/decide-sight.ts'
import { makeJudgeExport } from './services/export-access.ts'
import { makeOpenExportFile } from './services/open-export-file.ts'
import { makeReadExport } from './services/read-export.ts'
import { makeRunExport } from './services/run-export.ts'
import { makeStartExport } from './services/start-export.ts'
import type { Summarize } from './wire/fhir/summary.ts'

export interface ExportParts {
  readonly decideSight: DecideSight
  readonly summarize: Summarize
}

export function makeExportServices(
  { config, storage, clock, log }: Foundation,
  { state, audit, authorize, liveDisclosures }: Ground,
  parts: ExportParts,
) {
  const { pool, sealer, objects } = storage
  const shared = {
    ...{ pool, db: pool, sealer, objects, clock, log, authorize, recordAudit: audit.record },
    ...parts,
    judgeExport: makeJudgeExport({ authorize, state }),
    newId: () => randomUUID(),
    base: `${config.baseUrl}/fhir`,
    watch: liveDisclosures.open,
  }
  return {
    startExport: makeStartExport(shared),
    runExport: makeRunExport(shared),
    readExport: makeReadExport(shared),
    openExportFile: makeOpenExportFile(shared),
    cancelExport: makeCancelExport(shared),
    sweepExports: makeSweepExports(shared),
  }
}
