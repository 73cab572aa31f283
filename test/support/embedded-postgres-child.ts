/** A process that holds an embedded cluster and writes rows, for tests that kill it. */
import { makePool } from '../../src/storage/pool.ts'
import { startEmbeddedPostgres } from '../../src/storage/embedded-postgres.ts'
import { silentLog } from './log.ts'

const [folder = '', holder = 'server'] = process.argv.slice(2)
const postgres = await startEmbeddedPostgres(folder, holder === 'command' ? 'command' : 'server')
const pool = makePool({ connection: postgres.connection, max: 1, log: silentLog })
await pool.query('create table if not exists kept (n int)')
const { rows } = await pool.query<{ n: number }>('select count(*)::int as n from kept')
process.stdout.write(`ready ${String(rows[0]?.n)} ${postgres.folder}\n`)

process.once('SIGTERM', () => {
  void pool
    .end()
    .then(() => postgres.stop())
    .then(() => process.exit(0))
})
for (let n = 0; ; n += 1) {
  try {
    await pool.query('insert into kept values ($1)', [n])
    process.stdout.write(`kept ${n}\n`)
  } catch {
    break // the postmaster was killed: stay, so that the test decides when this process ends
  }
}
setInterval(() => undefined, 1000)
