/** Requests at a steady concurrency over kept-alive connections, and what they cost the server. */
import { cpuMs } from './cpu.ts'
import { makeConnection } from './download.ts'

export interface LoadRequest {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
}

export interface LoadTarget {
  /** Asked in turn, by each connection from a place of its own. */
  readonly requests: readonly LoadRequest[]
  /** Process whose CPU is counted, with its children. */
  readonly pid: number
  /** The same of the database behind it. */
  readonly databasePid?: number | undefined
}

export interface LoadRun {
  readonly seconds: number
  readonly concurrency: number
}

export interface LoadResult {
  readonly perSecond: number
  readonly cpuMsPerRequest: number
  readonly databaseMsPerRequest: number
  /** Of the middle answer, head included. */
  readonly bytes: number
  readonly p50Ms: number
  readonly p99Ms: number
}

/** Throws on the first answer that is not 200: a fast error is no result. */
export async function load(
  { requests, pid, databasePid }: LoadTarget,
  { seconds, concurrency }: LoadRun,
): Promise<LoadResult> {
  const targets = requests.map(({ url, headers }) => ({ url: new URL(url), headers }))
  const end = performance.now() + seconds * 1000
  const databaseCpu = (): number => (databasePid === undefined ? 0 : cpuMs(databasePid))
  const [cpuBefore, databaseBefore, began] = [cpuMs(pid), databaseCpu(), performance.now()]
  const answers: { readonly ms: number; readonly bytes: number }[] = []
  const worker = async (_: unknown, index: number): Promise<void> => {
    const connection = makeConnection()
    for (let at = index; performance.now() < end; at += concurrency) {
      const target = targets[at % targets.length]
      if (target === undefined) throw new Error('Nothing to ask for')
      const asked = performance.now()
      const bytes = await connection.get(target.url, target.headers)
      answers.push({ ms: performance.now() - asked, bytes })
    }
    connection.close()
  }
  await Promise.all(Array.from({ length: concurrency }, worker))
  const took = (performance.now() - began) / 1000
  const milliseconds = answers.map(({ ms }) => ms)
  return {
    perSecond: answers.length / took,
    cpuMsPerRequest: (cpuMs(pid) - cpuBefore) / answers.length,
    databaseMsPerRequest: (databaseCpu() - databaseBefore) / answers.length,
    bytes: quantile(
      answers.map(({ bytes }) => bytes),
      0.5,
    ),
    p50Ms: quantile(milliseconds, 0.5),
    p99Ms: quantile(milliseconds, 0.99),
  }
}

/** 0 of nothing. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((one, other) => one - other)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0
}
