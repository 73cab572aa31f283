import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startJobs } from '../../src/jobs/run-jobs.ts'
import type { ImagingStudyId } from '../../src/kernel/ids.ts'
import { scheduleSettle } from '../../src/storage/jobs.ts'
import { createDatabase } from '../support/database.ts'
import { silentLog } from '../support/log.ts'

const STUDY = 'study-1' as ImagingStudyId
const PAST = new Date('2020-01-01T00:00:00Z')

test('a study that is due is settled, and tried again after a failure', async (t) => {
  const { pool } = await createDatabase(t)
  const tried: ImagingStudyId[] = []
  const settled = Promise.withResolvers<undefined>()
  const jobs = await startJobs({
    pool,
    log: silentLog,
    sweepExpired: async () => undefined,
    settleStudy: async (imagingStudy) => {
      tried.push(imagingStudy)
      if (tried.length === 1) throw new Error('The database was away')
      settled.resolve(undefined)
      return true
    },
  })
  await scheduleSettle(pool, STUDY, PAST)
  await settled.promise
  // Before the database goes, which hooks would do first.
  await jobs.stop()
  assert.deepEqual(tried, [STUDY, STUDY])
})

test('a stop waits for the job that runs', async (t) => {
  const { pool } = await createDatabase(t)
  const begun = Promise.withResolvers<undefined>()
  const may = Promise.withResolvers<undefined>()
  let done = false
  const jobs = await startJobs({
    pool,
    log: silentLog,
    sweepExpired: async () => undefined,
    settleStudy: async () => {
      begun.resolve(undefined)
      await may.promise
      done = true
      return true
    },
  })
  await scheduleSettle(pool, STUDY, PAST)
  await begun.promise
  const stopped = jobs.stop()
  may.resolve(undefined)
  await stopped
  assert.ok(done)
})

test('what time has ended is swept at the start', async (t) => {
  const { pool } = await createDatabase(t)
  const swept = Promise.withResolvers<undefined>()
  const jobs = await startJobs({
    pool,
    log: silentLog,
    sweepExpired: async () => {
      swept.resolve(undefined)
    },
    settleStudy: async () => true,
  })
  await swept.promise
  await jobs.stop()
})
