/** A svarrapport (KITH) from a publisher: read, received, and told which DiagnosticReports it became. */
import type { Principal } from '../domain/access/principal.ts'
import type { Db } from '../storage/db.ts'
import { listAuthorities } from '../storage/assigning-authorities.ts'
import { readKithReports } from '../wire/kith/read-report.ts'
import { permit, type PermitDeps } from './permit.ts'
import type { ReceivedVersion } from './receive-report.ts'
import type { ReceiveReports } from './receive-reports.ts'
import type { RequestContext } from './record-audit.ts'

/**
 * `bytes` is the XML document. Throws `invalid`, `too-large` and `unprocessable` for what it says, and what the
 * decision throws.
 */
export type SubmitKith = (
  principal: Principal,
  bytes: Uint8Array,
  context: RequestContext,
) => Promise<readonly ReceivedVersion[]>

export interface SubmitKithDeps extends PermitDeps {
  readonly db: Db
  readonly receiveReports: ReceiveReports
  /** IANA zone of times without an offset. */
  readonly timeZone: string
}

export function makeSubmitKith(deps: SubmitKithDeps): SubmitKith {
  return async (principal, bytes, context) => {
    const query = 'POST DiagnosticReport/$submit-kith'
    const access = await permit(deps, { principal, action: 'publish', query }, context)
    const authorities = await listAuthorities(deps.db)
    const own = authorities.filter(({ member }) => member === principal.member)
    // The message names no authority for the sender's own ids: one that has several cannot be guessed.
    const localSystem = own.length === 1 ? own[0]?.system : undefined
    const reports = readKithReports(bytes, { localSystem, timeZone: deps.timeZone })
    return deps.receiveReports(access, reports, context)
  }
}
