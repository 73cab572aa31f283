/** A bulk export of all that a custodian has, from the request to the manifest. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { BenchLine } from '../bench-line.ts'
import { cpuMs } from '../cpu.ts'
import type { World } from './world.ts'

const MARK = 20_000
const NAME = '$export of ImagingStudy and DiagnosticReport'

interface Manifest {
  readonly output: readonly { readonly count: number }[]
}

export async function benchExport(world: World): Promise<BenchLine> {
  const pid = world.hub.child.process.pid ?? 0
  const before = { hub: cpuMs(pid), database: cpuMs(world.databasePid) }
  const began = performance.now()
  const exported = await runExport(world)
  const seconds = (performance.now() - began) / 1000
  const perSecond = exported / seconds
  const each = (at: number, earlier: number): string =>
    ((cpuMs(at) - earlier) / exported).toFixed(4)
  return {
    name: NAME,
    mark: `>= ${MARK} resources/s`,
    value: `${perSecond.toFixed(0)}/s: ${exported} in ${seconds.toFixed(1)} s`,
    cpuMs: `${each(pid, before.hub)} (database ${each(world.databasePid, before.database)}) a resource`,
    pass: perSecond >= MARK,
  }
}

/** Resolves to the number of resources in the files, which are deleted again. */
export async function runExport(world: World): Promise<number> {
  const { token } = await world.archive()
  const authorization = `Bearer ${token}`
  const url = `${world.hub.url}/fhir/$export?_type=ImagingStudy,DiagnosticReport`
  const headers = { authorization, accept: 'application/fhir+json', prefer: 'respond-async' }
  const begun = await fetch(url, { headers })
  const location = begun.headers.get('content-location')
  if (begun.status !== 202 || location === null)
    throw new Error(`$export answered ${String(begun.status)}: ${await begun.text()}`)
  for (;;) {
    // A long export outlives a token.
    const asking = { authorization: `Bearer ${(await world.archive()).token}` }
    const answer = await fetch(location, { headers: asking })
    if (answer.status === 200) {
      const { output } = (await answer.json()) as Manifest
      await fetch(location, { method: 'DELETE', headers: asking })
      return output.reduce((sum, { count }) => sum + count, 0)
    }
    if (answer.status !== 202) throw new Error(`The export failed: ${await answer.text()}`)
    await sleep(100)
  }
}
