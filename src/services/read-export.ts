/** How an export stands, and what has come of it (Bulk Data Access 2.0, "Bulk Data Status Request"). */
import type { Principal } from '../domain/access/principal.ts'
import type { Sealer } from '../kernel/seal.ts'
import type { Db } from '../storage/db.ts'
import { listExportFiles, type ExportFile } from '../storage/exports.ts'
import { findOwnExport } from './find-own-export.ts'
import { permit, type PermitDeps } from './permit.ts'
import type { RequestContext } from './record-audit.ts'
import { openExport } from './sealed-export.ts'

export type ExportStatus =
  | {
      readonly state: 'running'
      readonly resources: number
      /** Types that are done, of how many. */
      readonly done: number
      readonly types: number
    }
  | {
      readonly state: 'done'
      /** The moment whose state was exported. */
      readonly at: Date
      readonly expiresAt: Date
      /** The address that asked. */
      readonly url: string
      readonly files: readonly Pick<ExportFile, 'number' | 'kind' | 'type' | 'resources'>[]
    }
  | { readonly state: 'failed'; readonly error: string }

/** Throws `not-found` for what is not the caller's own, and what the decision throws for `export`. */
export type ReadExport = (
  principal: Principal,
  id: string,
  context: RequestContext,
) => Promise<ExportStatus>

export interface ReadExportDeps extends PermitDeps {
  readonly db: Db
  readonly sealer: Sealer
}

export function makeReadExport(deps: ReadExportDeps): ReadExport {
  return async (principal, id, context) => {
    await permit(deps, { principal, action: 'export', query: 'export' }, context)
    const found = await findOwnExport(deps, principal, id)
    const { state, types, place, resources, requestedAt: at, expiresAt } = found
    if (state === 'failed') return { state, error: found.error ?? 'The export failed' }
    if (state === 'running') return { state, resources, done: place.step, types: types.length }
    const files = await listExportFiles(deps.db, id)
    const { url } = openExport(deps.sealer, id, found.asked)
    return { state, at, expiresAt, url, files }
  }
}
