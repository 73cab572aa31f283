/** WADO-RS of a deposited study and of a source-held one, each beside Orthanc in the same minute. */
import type { BenchLine } from './bench-line.ts'
import { cpuMs, residentMb } from './cpu.ts'
import { download, type DownloadResult } from './download.ts'

export interface RetrieveEnv {
  readonly hub: { readonly dicomweb: string; readonly pid: number }
  readonly orthanc: { readonly dicomweb: string; readonly pid: number }
  /** In Orthanc and deposited in the hub. */
  readonly deposited: BenchStudy
  /** In Orthanc, and known to the hub as a source's. */
  readonly held: BenchStudy
  /** The same, of at least 1 GB. */
  readonly big: BenchStudy
  /** What lets the hub answer: `Authorization`, and `DPoP` where the token is bound. */
  readonly authorize: (url: string) => Promise<Readonly<Record<string, string>>>
}

export interface BenchStudy {
  readonly study: string
  /** `{series}/instances/{instance}` of each instance. */
  readonly instances: readonly string[]
}

const ACCEPT = { accept: 'multipart/related; type="application/dicom"; transfer-syntax=*' }
const SECONDS = 4
const ROUNDS = 3

export async function benchRetrieve(env: RetrieveEnv): Promise<readonly BenchLine[]> {
  const deposited = `/studies/${env.deposited.study}`
  const held = `/studies/${env.held.study}`
  const instances = env.deposited.instances.map((one) => `${deposited}/series/${one}`)
  return [
    await compare(env, { name: 'WADO-RS study, deposited', paths: [deposited], mark: 0.8 }),
    await compare(env, { name: 'WADO-RS instance, deposited', paths: instances, mark: 2 }),
    await compare(env, { name: 'WADO-RS study, passed through', paths: [held], mark: 0.3 }),
    await memory(env, `/studies/${env.big.study}`),
  ]
}

interface Comparison {
  readonly name: string
  readonly paths: readonly string[]
  /** Least ratio of the hub's speed to Orthanc's. */
  readonly mark: number
}

interface Measured extends DownloadResult {
  readonly cpuMs: number
}

/** Hub and peer take turns, so that what else the machine does meets both; the middle ratio counts. */
async function compare(env: RetrieveEnv, { name, paths, mark }: Comparison): Promise<BenchLine> {
  const rounds: { readonly hub: Measured; readonly orthanc: Measured }[] = []
  for (let round = 0; round < ROUNDS; round += 1) {
    const orthanc = await measure(env.orthanc, paths, async () => ACCEPT)
    rounds.push({ orthanc, hub: await measure(env.hub, paths, hubHeaders(env)) })
  }
  const ratioOf = ({ hub, orthanc }: (typeof rounds)[number]): number =>
    hub.bytesPerSecond / orthanc.bytesPerSecond
  const middle = rounds.toSorted((a, b) => ratioOf(a) - ratioOf(b))[ROUNDS >> 1]
  if (middle === undefined) throw new Error('Nothing was measured')
  const { hub, orthanc } = middle
  const ratio = ratioOf(middle)
  return {
    name,
    mark: `>= ${mark} x Orthanc`,
    value:
      `${ratio.toFixed(2)} x: ${megabytes(hub)} against ${megabytes(orthanc)} MB/s, ` +
      `p50 ${hub.p50Ms.toFixed(1)} against ${orthanc.p50Ms.toFixed(1)} ms`,
    cpuMs: `${hub.cpuMs.toFixed(2)} (Orthanc ${orthanc.cpuMs.toFixed(2)})`,
    pass: ratio >= mark,
  }
}

const megabytes = ({ bytesPerSecond }: DownloadResult): string => (bytesPerSecond / 1e6).toFixed(0)

const hubHeaders = (env: RetrieveEnv) => async (url: string) => ({
  ...ACCEPT,
  ...(await env.authorize(url)),
})

async function measure(
  server: { readonly dicomweb: string; readonly pid: number },
  paths: readonly string[],
  headers: (url: string) => Promise<Readonly<Record<string, string>>>,
): Promise<Measured> {
  const urls = paths.map((path) => server.dicomweb + path)
  await download({ urls, seconds: 0.5, headers })
  const before = cpuMs(server.pid)
  const result = await download({ urls, seconds: SECONDS, headers })
  return { ...result, cpuMs: (cpuMs(server.pid) - before) / result.requests }
}

const GIGABYTE = 1e9
const MEMORY_MARK = 100

async function memory(env: RetrieveEnv, path: string): Promise<BenchLine> {
  const before = residentMb(env.hub.pid)
  let most = before
  const watch = setInterval(() => {
    most = Math.max(most, residentMb(env.hub.pid))
  }, 20)
  const cpu = cpuMs(env.hub.pid)
  let bytes = 0
  let requests = 0
  while (bytes < GIGABYTE) {
    const urls = [env.hub.dicomweb + path]
    const result = await download({ urls, seconds: 0.1, headers: hubHeaders(env) })
    requests += result.requests
    bytes += result.bytes
  }
  clearInterval(watch)
  const growth = most - before
  return {
    name: 'Memory while 1 GB passes through',
    mark: `< ${MEMORY_MARK} MB`,
    value: `grew by ${growth.toFixed(0)} MB from ${before.toFixed(0)} MB`,
    cpuMs: ((cpuMs(env.hub.pid) - cpu) / requests).toFixed(1),
    pass: growth < MEMORY_MARK,
  }
}
