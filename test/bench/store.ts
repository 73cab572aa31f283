/** STOW-RS of a 500-instance CT, the hub beside Orthanc: the same requests to both, turn by turn. */
import http from 'node:http'
import { ctObject, newUid } from '../support/dicom.ts'
import type { BenchLine } from './bench-line.ts'
import { cpuMs } from './cpu.ts'

export interface StoreServer {
  readonly dicomweb: string
  readonly pid: number
  readonly headers: () => Promise<Readonly<Record<string, string>>>
}

/** A study as it was stored; `instances` are `{series}/instances/{instance}`. */
export interface StoredStudy {
  readonly study: string
  readonly instances: readonly string[]
}

export interface StudyPlan {
  readonly instances: number
  readonly patientId: string
}

const INSTANCES_A_REQUEST = 50
const ROWS = 512
const MARK = 1.5
const ROUNDS = 3
const BOUNDARY = 'one-object-of-a-large-study'
const TYPE = `multipart/related; type="application/dicom"; boundary=${BOUNDARY}`

interface Timed {
  readonly bytesPerSecond: number
  readonly cpuMsPerRequest: number
}

/** Returns the line, and the last round's study, which both servers hold. */
export async function benchStore(
  hub: StoreServer,
  orthanc: StoreServer,
  patientId: string,
): Promise<{ readonly line: BenchLine; readonly stored: StoredStudy }> {
  const rounds: { hub: Timed; orthanc: Timed }[] = []
  let stored: StoredStudy = { study: '', instances: [] }
  for (let round = 0; round < ROUNDS; round += 1) {
    const study = makeStudy({ instances: 500, patientId })
    rounds.push({
      orthanc: await timed(orthanc, () => storeStudy(orthanc, study)),
      hub: await timed(hub, () => storeStudy(hub, study)),
    })
    stored = study
  }
  const [middle] = rounds.toSorted((a, b) => ratioOf(a) - ratioOf(b)).slice(ROUNDS >> 1)
  if (middle === undefined) throw new Error('Nothing was measured')
  const ratio = ratioOf(middle)
  return {
    stored,
    line: {
      name: 'STOW-RS, 500-instance CT, 50 a request',
      mark: `>= ${MARK} x Orthanc`,
      value: `${ratio.toFixed(2)} x: ${rate(middle.hub)} against ${rate(middle.orthanc)} MB/s`,
      cpuMs: `${middle.hub.cpuMsPerRequest.toFixed(0)} (Orthanc ${middle.orthanc.cpuMsPerRequest.toFixed(0)})`,
      pass: ratio >= MARK,
    },
  }
}

const ratioOf = ({ hub, orthanc }: { hub: Timed; orthanc: Timed }): number =>
  hub.bytesPerSecond / orthanc.bytesPerSecond
const rate = ({ bytesPerSecond }: Timed): string => (bytesPerSecond / 1e6).toFixed(0)

interface MadeStudy extends StoredStudy {
  /** Made when it is sent, so that a study of any size takes one request's memory. */
  readonly request: (index: number) => readonly Buffer[]
  readonly requests: number
}

export function makeStudy({ instances, patientId }: StudyPlan): MadeStudy {
  const study = newUid()
  const seriesUid = newUid()
  const uids = Array.from({ length: instances }, newUid)
  return {
    study,
    instances: uids.map((uid) => `${seriesUid}/instances/${uid}`),
    requests: Math.ceil(instances / INSTANCES_A_REQUEST),
    request: (index) =>
      uids
        .slice(index * INSTANCES_A_REQUEST, (index + 1) * INSTANCES_A_REQUEST)
        .map((instanceUid, at) =>
          ctObject({
            ...{ studyUid: study, seriesUid, instanceUid, patientId, size: ROWS },
            ...{ instanceNumber: index * INSTANCES_A_REQUEST + at + 1 },
            ...{ patientName: 'Test^Kari', birthDate: '19850517' },
          }),
        ),
  }
}

/** Sends it and resolves to the milliseconds spent sending, making the objects not counted. */
export async function storeStudy(server: StoreServer, study: MadeStudy): Promise<Sent> {
  let milliseconds = 0
  let bytes = 0
  for (let index = 0; index < study.requests; index += 1) {
    const body = multipart(study.request(index))
    const headers = { ...(await server.headers()), 'content-type': TYPE }
    const began = performance.now()
    await post(`${server.dicomweb}/studies`, headers, body)
    milliseconds += performance.now() - began
    bytes += body.reduce((sum, chunk) => sum + chunk.length, 0)
  }
  return { milliseconds, bytes, requests: study.requests }
}

interface Sent {
  readonly milliseconds: number
  readonly bytes: number
  readonly requests: number
}

async function timed(server: StoreServer, work: () => Promise<Sent>): Promise<Timed> {
  const before = cpuMs(server.pid)
  const { milliseconds, bytes, requests } = await work()
  return {
    bytesPerSecond: (bytes / milliseconds) * 1000,
    cpuMsPerRequest: (cpuMs(server.pid) - before) / requests,
  }
}

function multipart(objects: readonly Buffer[]): readonly Buffer[] {
  const head = Buffer.from(`--${BOUNDARY}\r\nContent-Type: application/dicom\r\n\r\n`)
  const tail = Buffer.from('\r\n')
  return [...objects.flatMap((object) => [head, object, tail]), Buffer.from(`--${BOUNDARY}--\r\n`)]
}

function post(
  url: string,
  headers: Readonly<Record<string, string>>,
  body: readonly Buffer[],
): Promise<void> {
  const length = body.reduce((sum, chunk) => sum + chunk.length, 0)
  return new Promise((resolve, reject) => {
    const options = { method: 'POST', headers: { ...headers, 'content-length': length } }
    const request = http.request(url, options, (response) => {
      const { statusCode } = response
      response.resume().once('end', () => {
        if (statusCode === 200) resolve()
        else reject(new Error(`STOW-RS answered ${String(statusCode)}`))
      })
    })
    request.once('error', reject)
    for (const chunk of body) request.write(chunk)
    request.end()
  })
}
