/** A real Orthanc as a hospital's archive: DICOMweb and DIMSE on free loopback ports. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import type { TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from './free-port.ts'
import { requireProgram } from './peers.ts'

export interface Orthanc {
  /** REST API, as `http://127.0.0.1:8042`. */
  readonly url: string
  /** DICOMweb service, as `http://127.0.0.1:8042/dicom-web`. */
  readonly dicomweb: string
  readonly dicomPort: number
  readonly pid: number
  /** Stores one Part 10 object by the REST API; true unless Orthanc refuses it. */
  store(object: Uint8Array): Promise<boolean>
  stop(): Promise<void>
}

const PLUGIN_FOLDERS = ['/usr/share/orthanc/plugins', '/usr/lib/orthanc']

/** Skips the test and returns undefined where Orthanc is not installed. */
export async function startOrthanc(t: TestContext): Promise<Orthanc | undefined> {
  const program = requireProgram(t, 'Orthanc')
  if (program === undefined) return undefined
  const orthanc = await launchOrthanc(program)
  t.after(() => orthanc.stop())
  return orthanc
}

/** For benchmarks, which have no test context. */
export async function launchOrthanc(program: string): Promise<Orthanc> {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'samsyn-orthanc-'))
  const [httpPort, dicomPort] = [await freePort(), await freePort()]
  const file = path.join(folder, 'orthanc.json')
  fs.writeFileSync(file, JSON.stringify(configuration(folder, httpPort, dicomPort)))
  // Debian's DCMTK leaves Nagle on; without this each C-STORE waits 40 ms.
  const child = spawn(program, [file, `--logfile=${path.join(folder, 'log')}`], {
    env: { ...process.env, TCP_NODELAY: '1' },
    stdio: 'ignore',
  })
  const ended = once(child, 'exit')
  const url = `http://127.0.0.1:${httpPort}`
  await untilUp(url, () => child.exitCode === null, path.join(folder, 'log'))
  return {
    url,
    dicomweb: `${url}/dicom-web`,
    dicomPort,
    pid: child.pid ?? 0,
    async store(object) {
      const response = await fetch(`${url}/instances`, {
        method: 'POST',
        headers: { 'content-type': 'application/dicom' },
        body: new Uint8Array(object),
      })
      await response.arrayBuffer()
      return response.ok
    },
    async stop() {
      child.kill('SIGTERM')
      await ended
      fs.rmSync(folder, { recursive: true, force: true })
    },
  }
}

function configuration(folder: string, httpPort: number, dicomPort: number): object {
  const plugin = PLUGIN_FOLDERS.flatMap((dir) =>
    fs.existsSync(dir) ? fs.readdirSync(dir).map((name) => path.join(dir, name)) : [],
  ).find((name) => name.includes('libOrthancDicomWeb.so'))
  return {
    Name: 'peer',
    StorageDirectory: path.join(folder, 'db'),
    IndexDirectory: path.join(folder, 'db'),
    Plugins: [plugin],
    HttpPort: httpPort,
    RemoteAccessAllowed: false,
    AuthenticationEnabled: false,
    KeepAlive: true,
    TcpNoDelay: true,
    HttpCompressionEnabled: false,
    DicomAet: 'ORTHANC',
    DicomPort: dicomPort,
    DicomCheckCalledAet: false,
    DicomAlwaysAllowStore: true,
    StableAge: 5,
    DicomWeb: {
      Enable: true,
      Root: '/dicom-web/',
      Host: `127.0.0.1:${httpPort}`,
      Ssl: false,
      StudiesMetadata: 'Full',
      SeriesMetadata: 'Full',
    },
  }
}

async function untilUp(url: string, isRunning: () => boolean, log: string): Promise<void> {
  for (let attempt = 0; attempt < 300 && isRunning(); attempt += 1) {
    const up = await fetch(`${url}/system`).then(
      (response) => response.ok,
      () => false,
    )
    if (up) return
    await sleep(100)
  }
  throw new Error(
    `Orthanc did not start:\n${fs.existsSync(log) ? fs.readFileSync(log, 'utf8') : ''}`,
  )
}
