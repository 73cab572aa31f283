/**
 * `npm run bench`: the hot paths beside their peers, in one run. Every line says mark, value, CPU and PASS
 * or MISS; a ratio is what counts, for it survives a noisy machine. Ends with 1 where something missed.
 */
import { parseArgs } from 'node:util'
import { createTestDatabase, makeBenchScope } from './scope.ts'
import { findProgram } from '../support/peers.ts'
import { launchOrthanc } from '../support/orthanc.ts'
import { NATIONAL_ID_SYSTEM, startNetwork } from '../support/network.ts'
import type { BenchLine } from './bench-line.ts'
import { benchRegistry } from './registry/bench-registry.ts'
import { benchRetrieve } from './retrieve.ts'
import { benchStore, makeStudy, storeStudy, type StoreServer } from './store.ts'
import { benchTimeline } from './timeline.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    only: { type: 'string' },
    studies: { type: 'string', default: '100000' },
    database: { type: 'string' },
    seconds: { type: 'string', default: '3' },
    help: { type: 'boolean', short: 'h' },
  },
})

/** One study of this size is 1.05 GB. */
const BIG_STUDY = 2000

const GROUPS: Readonly<Record<string, (report: Report) => Promise<void>>> = {
  images: benchImages,
  timeline: async (report) => {
    await using scope = makeBenchScope()
    report(await benchTimeline({ scope, ...(await createTestDatabase(scope)) }))
  },
  registry: (report) =>
    benchRegistry(
      {
        studies: positive('studies', values.studies),
        seconds: positive('seconds', values.seconds),
        database: values.database,
      },
      { report, tell: (text) => process.stdout.write(`      ${text}\n`) },
    ),
}

const HELP = `npm run bench -- [${Object.keys(GROUPS).join('|')}]…      all of them where none is named

  --only <group>       the same as naming it
registry:
  --studies <number>   studies with their reports that are loaded (${values.studies})
  --database <folder>  where the loaded databases are kept and found again (none: gone with the run)
  --seconds <number>   of each round of each question (${values.seconds})
`

function positive(name: string, text: string): number {
  const value = Number(text)
  if (value > 0) return value
  throw new Error(`--${name} takes a positive number`)
}

type Report = (lines: readonly BenchLine[]) => void

if (values.help) {
  process.stdout.write(HELP)
} else {
  process.exitCode = (await runAll()) ? 0 : 1
}

async function runAll(): Promise<boolean> {
  const lines: BenchLine[] = []
  const report: Report = (more) => {
    for (const line of more) print(line)
    lines.push(...more)
  }
  const named = [...positionals, ...(values.only === undefined ? [] : [values.only])]
  const unknown = named.filter((name) => !(name in GROUPS))
  if (unknown.length > 0) throw new Error(`There is no group ${unknown.join(', ')}: see --help`)
  for (const [name, bench] of Object.entries(GROUPS)) {
    if (named.length === 0 || named.includes(name)) await bench(report)
  }
  const missed = lines.filter(({ pass }) => !pass)
  process.stdout.write(`${lines.length - missed.length} marks met, ${missed.length} missed\n`)
  return missed.length === 0
}

function print({ name, mark, value, cpuMs, pass }: BenchLine): void {
  process.stdout.write(`${pass ? 'PASS' : 'MISS'}  ${name}\n`)
  process.stdout.write(`      mark ${mark}   value ${value}   CPU ms a request ${cpuMs}\n`)
}

async function benchImages(report: Report): Promise<void> {
  const program = findProgram('Orthanc')
  if (program === undefined) {
    process.stdout.write('skipped: Orthanc is not installed, so images have no peer\n')
    return
  }
  await using scope = makeBenchScope()
  const orthanc = await launchOrthanc(program)
  scope.after(() => orthanc.stop())
  const network = await startNetwork(scope, { SAMSYN_LOG_LEVEL: 'info' })
  const authorization = makeTokens(() => network.system('north-archive'))
  const hub: StoreServer = {
    dicomweb: `${network.hub.url}/dicom-web`,
    pid: network.hub.child.process.pid ?? 0,
    headers: authorization,
  }
  const peer: StoreServer = {
    ...orthanc,
    headers: async () => ({ accept: 'application/dicom+json' }),
  }
  const patientId = network.newPatient()

  const { line, stored } = await benchStore(hub, peer, patientId)
  report([line])
  const held = makeStudy({ instances: 500, patientId })
  const big = makeStudy({ instances: BIG_STUDY, patientId })
  await storeStudy(peer, held)
  await storeStudy(peer, big)
  const source = (await network.hub.json(
    ...['source', 'add', '--custodian', network.members.north, '--name', 'Orthanc'],
    ...['--url', orthanc.dicomweb, '--default-issuer', NATIONAL_ID_SYSTEM],
  )) as { id: string }
  await network.hub.json('source', 'sync', source.id)
  report(
    await benchRetrieve({ hub, orthanc, deposited: stored, held, big, authorize: authorization }),
  )
}

/** A token lasts five minutes; a new one is asked for well before. */
function makeTokens(ask: () => Promise<string>): () => Promise<Readonly<Record<string, string>>> {
  const kept = { until: 0, authorization: '' }
  return async () => {
    if (performance.now() > kept.until) {
      kept.authorization = await ask()
      kept.until = performance.now() + 200_000
    }
    return { authorization: kept.authorization }
  }
}
