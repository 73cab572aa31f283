/** A process that stores series after series and prints each acknowledged instance, for tests that kill it. */
import { makePublishInstances } from '../../src/services/publish-instances.ts'
import { makeFileObjects } from '../../src/storage/file-objects.ts'
import { makePool } from '../../src/storage/pool.ts'
import { ctSeries, newUid } from './dicom.ts'
import { silentLog } from './log.ts'
import { partsOf, publisher } from './publish.ts'
import { registerStudy } from './register.ts'

const [url = '', folder = ''] = process.argv.slice(2)
const clock = (): Date => new Date()
const pool = makePool({ connection: { connectionString: url }, max: 4, log: silentLog })
const publish = makePublishInstances({
  pool,
  objects: await makeFileObjects(folder, { clock }),
  registerStudy,
  authorize: async (principal, action) => ({ principal, action, filter: { kind: 'everything' } }),
  recordAudit: async () => undefined,
  clock,
  defaults: { characterSet: 'ISO_IR 100' },
  log: silentLog,
})

const studyUid = newUid()
process.stdout.write('ready\n')
for (;;) {
  const series = ctSeries(6, { studyUid, size: 200 })
  const request = { parts: partsOf(series, 8_000) }
  const { stored } = await publish(publisher('killed'), request, { requestId: '', channel: '' })
  for (const { instanceUid } of stored) process.stdout.write(`stored ${instanceUid}\n`)
}
