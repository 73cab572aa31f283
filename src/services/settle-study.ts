/** Closing a study's version when nothing has come to it for a while. */
import type { Pool } from 'pg'
import type { Clock } from '../kernel/clock.ts'
import type { ImagingStudyId } from '../kernel/ids.ts'
import { scheduleSettle } from '../storage/jobs.ts'
import { findGrowing, markSettled } from '../storage/studies.ts'

/** True where the study is settled by this call; false where it still grows, is settled already or is gone. */
export type SettleStudy = (imagingStudy: ImagingStudyId) => Promise<boolean>

export interface SettleStudyDeps {
  readonly pool: Pool
  readonly clock: Clock
  /** SAMSYN_STUDY_SETTLE */
  readonly settleMs: number
}

/** A study that is not quiet yet is looked at again when it may be. */
export function makeSettleStudy({ pool, clock, settleMs }: SettleStudyDeps): SettleStudy {
  return async (imagingStudy) => {
    const at = clock()
    const quietSince = new Date(at.getTime() - settleMs)
    if (await markSettled(pool, imagingStudy, { at, quietSince })) return true
    const changedAt = await findGrowing(pool, imagingStudy)
    if (changedAt !== undefined)
      await scheduleSettle(pool, imagingStudy, new Date(changedAt.getTime() + settleMs + 1))
    return false
  }
}
