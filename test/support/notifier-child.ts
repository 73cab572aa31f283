/** A node that tells subscribers, in a process that a test may kill. Its clock is what the test says, plus what passes. */
import { startNotifications } from '../../src/jobs/run-notifications.ts'
import { makeSealer } from '../../src/kernel/seal.ts'
import { startAccessState } from '../../src/services/access-state.ts'
import { makeAuthorize } from '../../src/services/authorize.ts'
import { makeEgress } from '../../src/sources/egress.ts'
import { makePool } from '../../src/storage/pool.ts'
import { NO_CARE } from './access-worlds.ts'
import { silentLog } from './log.ts'
import { newKey } from './oauth-world.ts'
import { makeNode } from './subscribers.ts'

const { DATABASE: connectionString = '', CLOCK = '' } = process.env
const begun = performance.now()
const clock = (): Date => new Date(Number(CLOCK) + performance.now() - begun)

const pool = makePool({ connection: { connectionString }, max: 5, log: silentLog })
const state = await startAccessState({ pool, clock, log: silentLog })
const node = makeNode({
  ...{ pool, state, clock, authorize: makeAuthorize({ state, profile: NO_CARE, clock }) },
  sealer: makeSealer(Buffer.alloc(32, 7)),
  recordAudit: () => Promise.resolve(),
  key: newKey(),
  egress: makeEgress({ allow: ['loopback'] }),
})
startNotifications({ ...node, log: silentLog })
console.log('telling')
