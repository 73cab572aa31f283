/** Requests at a steady concurrency over kept-alive connections, and what they cost the server. */
import http from 'node:http'
import { cpuMs } from './cpu.ts'

export interface LoadTarget {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  /** Process whose CPU is counted, with its children. */
  readonly pid: number
}

export interface LoadResult {
  readonly perSecond: number
  readonly cpuMsPerRequest: number
  readonly bytes: number
}

/** Throws on the first answer that is not 200: a fast error is no result. */
export async function load(
  { url, headers, pid }: LoadTarget,
  { seconds, concurrency }: { readonly seconds: number; readonly concurrency: number },
): Promise<LoadResult> {
  const agent = new http.Agent({ keepAlive: true, maxSockets: concurrency })
  const end = performance.now() + seconds * 1000
  const [began, cpuBefore] = [performance.now(), cpuMs(pid)]
  let requests = 0
  let bytes = 0
  const worker = async (): Promise<void> => {
    while (performance.now() < end) {
      bytes = await get(url, headers, agent)
      requests += 1
    }
  }
  await Promise.all(Array.from({ length: concurrency }, worker))
  agent.destroy()
  return {
    perSecond: (requests * 1000) / (performance.now() - began),
    cpuMsPerRequest: (cpuMs(pid) - cpuBefore) / requests,
    bytes,
  }
}

function get(
  url: string,
  headers: Readonly<Record<string, string>>,
  agent: http.Agent,
): Promise<number> {
  return new Promise((resolve, reject) => {
    http
      .get(url, { headers, agent }, (res) => {
        let bytes = 0
        res.on('data', (chunk: Buffer) => (bytes += chunk.length))
        res.on('end', () => {
          if (res.statusCode === 200) resolve(bytes)
          else reject(new Error(`${url.split('?')[0]} answered ${res.statusCode ?? 'nothing'}`))
        })
        res.on('error', reject)
      })
      .on('error', reject)
  })
}
