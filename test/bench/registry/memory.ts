/** How much the hub grows while it answers what is largest, one request at a time. */
import { randomUUID } from 'node:crypto'
import fs from 'node:fs'
import type { BenchLine } from '../bench-line.ts'
import { residentMb } from '../cpu.ts'
import { load } from '../load.ts'
import { entriesOf } from './bundles.ts'
import type { Caller } from './callers.ts'
import { runExport } from './export.ts'
import { post } from './ingest.ts'
import type { World } from './world.ts'

const MARK = 64
const REPEATS = 5
/** Two entries each: a large transaction, of about one megabyte. */
const LARGE_BUNDLE = 50

export async function benchMemory(world: World): Promise<readonly BenchLine[]> {
  const archive = await world.archive()
  const patient = world.loaded.one[0]?.id ?? ''
  const large = '/DiagnosticReport?status=final&_count=1000&_include=DiagnosticReport:imaging-study'
  return [
    await grown(world, 'a page of 1000 with what it includes', () => ask(world, archive, large)),
    await grown(world, `a transaction of ${2 * LARGE_BUNDLE} entries`, () =>
      send(world, archive, patient),
    ),
    await grown(world, '$export', () => runExport(world)),
  ]
}

async function grown(
  { hub }: World,
  name: string,
  work: () => Promise<unknown>,
): Promise<BenchLine> {
  const pid = hub.child.process.pid ?? 0
  // Code is compiled and pools are filled at first.
  await work()
  const growth: number[] = []
  for (let repeat = 0; repeat < REPEATS; repeat += 1) {
    const before = residentMb(pid)
    forgetPeak(pid)
    await work()
    growth.push(peakMb(pid) - before)
  }
  const most = Math.max(...growth)
  return {
    name: `memory during ${name}`,
    mark: `<= ${MARK} MB more`,
    value: `${most.toFixed(0)} MB at most of ${growth.map((one) => one.toFixed(0)).join(', ')}`,
    cpuMs: '-',
    pass: most <= MARK,
  }
}

/** proc(5): 5 sets the peak of resident memory to what it is now. */
function forgetPeak(pid: number): void {
  fs.writeFileSync(`/proc/${pid}/clear_refs`, '5')
}

function peakMb(pid: number): number {
  const status = fs.readFileSync(`/proc/${pid}/status`, 'utf8')
  return Number(/^VmHWM:\s+(\d+)/m.exec(status)?.[1] ?? 0) / 1024
}

function ask({ hub }: World, { token }: Caller, path: string): Promise<unknown> {
  const headers = { authorization: `Bearer ${token}`, accept: 'application/fhir+json' }
  const target = { pid: 0, requests: [{ url: `${hub.url}/fhir${path}`, headers }] }
  return load(target, { seconds: 0.001, concurrency: 1 })
}

function send({ hub }: World, { token }: Caller, patient: string): Promise<void> {
  const entry = Array.from({ length: LARGE_BUNDLE }, () => entriesOf(patient, randomUUID())).flat()
  const bundle = { resourceType: 'Bundle', type: 'transaction', entry }
  return post({ url: `${hub.url}/fhir`, token, body: Buffer.from(JSON.stringify(bundle)) })
}
