/** Work for later: a row in the queue, written in the transaction of what causes it (graphile-worker). */
import type { ImagingStudyId } from '../kernel/ids.ts'
import type { Db } from './db.ts'

// A job with the same key that has not begun is put off; one that runs is left to end, and this one follows.
const ADD_SETTLE = `
select graphile_worker.add_job('settle-study', json_build_object('imagingStudy', $1::text),
  run_at := $2, job_key := 'settle-study/' || $1, job_key_mode := 'replace', max_attempts := 25)`

/** Looks at the study again at `at`; an earlier request for the same study is replaced. */
export async function scheduleSettle(
  db: Db,
  imagingStudy: ImagingStudyId,
  at: Date,
): Promise<void> {
  await db.query({ name: 'schedule-settle', text: ADD_SETTLE, values: [imagingStudy, at] })
}

// After all work that somebody waits for at a screen. Also the guard: a worker that dies leaves this behind.
const ADD_EXPORT = `
select graphile_worker.add_job('run-export', json_build_object('export', $1::text), run_at := $2,
  job_key := 'export/' || $1, job_key_mode := 'replace', max_attempts := 25, priority := 10)`

/** Goes on with the export at `at`; an earlier request for the same one is replaced. */
export async function scheduleExport(db: Db, id: string, at: Date): Promise<void> {
  await db.query({ name: 'schedule-export', text: ADD_EXPORT, values: [id, at] })
}
