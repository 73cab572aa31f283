/** Deposits of a study with its report, as an archive sends them: validated and durable before each answer. */
import { randomUUID } from 'node:crypto'
import http from 'node:http'
import type { BenchLine } from '../bench-line.ts'
import { cpuMs } from '../cpu.ts'
import { quantile } from '../load.ts'
import { bundleOf } from './bundles.ts'
import type { World } from './world.ts'

const CONCURRENCY = 16
const MARK = 200
const WARM_SECONDS = 3

export async function benchIngest(world: World, seconds: number): Promise<BenchLine> {
  await deposit(world, WARM_SECONDS)
  const before = {
    hub: cpuMs(world.hub.child.process.pid ?? 0),
    database: cpuMs(world.databasePid),
  }
  const began = performance.now()
  const latencies = await deposit(world, seconds)
  const perSecond = (latencies.length * 1000) / (performance.now() - began)
  const each = (pid: number, earlier: number): string =>
    ((cpuMs(pid) - earlier) / latencies.length).toFixed(2)
  const hub = each(world.hub.child.process.pid ?? 0, before.hub)
  return {
    name: `transactions of ImagingStudy (3 series, 60 instances) and DiagnosticReport, ${CONCURRENCY} clients`,
    mark: `>= ${MARK} bundles/s`,
    value:
      `${perSecond.toFixed(0)}/s, p50 ${quantile(latencies, 0.5).toFixed(0)} ` +
      `p99 ${quantile(latencies, 0.99).toFixed(0)} ms`,
    cpuMs: `${hub} (database ${each(world.databasePid, before.database)})`,
    pass: perSecond >= MARK,
  }
}

/** Resolves to the milliseconds of each. */
async function deposit(world: World, seconds: number): Promise<number[]> {
  const { token } = await world.archive()
  const agent = new http.Agent({ keepAlive: true, maxSockets: CONCURRENCY })
  const patients = world.loaded.one
  const latencies: number[] = []
  const end = performance.now() + seconds * 1000
  const worker = async (_: unknown, index: number): Promise<void> => {
    for (let at = index; performance.now() < end; at += CONCURRENCY) {
      const patient = patients[at % patients.length]?.id ?? ''
      const body = Buffer.from(JSON.stringify(bundleOf(patient, randomUUID())))
      const began = performance.now()
      await post({ url: `${world.hub.url}/fhir`, token, body, agent })
      latencies.push(performance.now() - began)
    }
  }
  await Promise.all(Array.from({ length: CONCURRENCY }, worker))
  agent.destroy()
  return latencies
}

export interface Posting {
  readonly url: string
  readonly token: string
  readonly body: Buffer
  readonly agent?: http.Agent
}

/** Rejects where the answer is not 200. */
export function post({ url, token, body, agent }: Posting): Promise<void> {
  const headers = {
    authorization: `Bearer ${token}`,
    'content-type': 'application/fhir+json',
    'content-length': body.length,
    prefer: 'return=minimal',
  }
  return new Promise((resolve, reject) => {
    const request = http.request(url, { method: 'POST', headers, agent }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.once('end', () => {
        const text = Buffer.concat(chunks).toString()
        if (response.statusCode === 200) resolve()
        else reject(new Error(`${String(response.statusCode)}: ${text.slice(0, 2_000)}`))
      })
    })
    request.once('error', reject)
    request.end(body)
  })
}
