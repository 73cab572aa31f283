/** A node that runs exports until it comes to its third file, and then for ever: until it is killed. */
import pg from 'pg'
import { startExportJobs } from '../../src/jobs/run-exports.ts'
import { makeSealer } from '../../src/kernel/seal.ts'
import { makeRunExport } from '../../src/services/run-export.ts'
import { makeFileObjects } from '../../src/storage/file-objects.ts'
import type { ObjectStore } from '../../src/storage/objects.ts'
import { silentLog } from './log.ts'
import { NORTH } from './registry.ts'

const [connectionString = '', folder = '', fileBytes = '', leaseMs = ''] = process.argv.slice(2)
const clock = (): Date => new Date()
const store = await makeFileObjects(folder, { clock, reserveBytes: 0 })
let landings = 0

const stuck: ObjectStore = {
  ...store,
  async createLanding() {
    const landing = await store.createLanding()
    landings += 1
    if (landings < 3) return landing
    await landing.write(Buffer.from('{"resourceType":'))
    console.log('stuck')
    return new Promise(() => undefined)
  },
}
const pool = new pg.Pool({ connectionString, max: 5 })
await startExportJobs({
  pool,
  log: silentLog,
  sweepExports: async () => undefined,
  runExport: makeRunExport({
    ...{ pool, clock, log: silentLog, objects: stuck, base: 'http://hub.example/fhir' },
    sealer: makeSealer(Buffer.alloc(32, 1)),
    summarize: (resource) => resource,
    recordAudit: async () => undefined,
    judgeExport: async ({ types, client, member }) => {
      const filter = { kind: 'custodian', in: [NORTH] } as const
      const principal = { client, member, actions: new Set([]), tokenId: 'child' }
      return {
        ended: false,
        access: { principal, action: 'export', filter },
        visibility: new Map(types.map((type) => [type, filter])),
      }
    },
    pace: { graceMs: 0, fileBytes: Number(fileBytes), leaseMs: Number(leaseMs) },
  }),
})
console.log('working')
