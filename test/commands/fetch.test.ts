import assert from 'node:assert/strict'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import type { RequestListener, ServerResponse } from 'node:http'
import os from 'node:os'
import path from 'node:path'
import { test, type TestContext } from 'node:test'
import { downloadStudy, type DownloadReport } from '../../src/commands/download-study.ts'
import { startArchive } from '../../src/demo/archive.ts'
import { makeStudy } from '../../src/demo/phantoms/make-study.ts'
import type { PhantomStudy } from '../../src/demo/phantoms/phantom-study.ts'
import { patientOf } from '../../src/demo/world-patients.ts'
import { isHubError } from '../../src/kernel/errors.ts'
import { makeHubClient } from '../../src/sources/hub.ts'
import { writePart10 } from '../../src/wire/dicom/write-part10.ts'
import { makeMultipartWriter } from '../../src/wire/multipart/write-multipart.ts'
import { listen } from '../support/listen.ts'

const STUDY: PhantomStudy = {
  uid: '2.25.9200',
  modality: 'MR',
  patient: patientOf('dahl'),
  date: '2026-01-01',
  time: '10:00',
  accession: 'X',
  description: 'MR',
  bodyPart: 'HEAD',
  institution: 'X',
  referrer: 'X',
  namesIssuer: true,
}

interface Sample {
  readonly uid: string
  readonly bytes: Buffer
}

function samples(count: number, study: PhantomStudy = STUDY): readonly Sample[] {
  return [...makeStudy(study)].slice(0, count).map((instance) => ({
    uid: instance.uid,
    bytes: writePart10({
      attributes: instance.attributes,
      pixelData: { vr: 'OW', bytes: instance.pixels() },
    }),
  }))
}

async function folder(t: TestContext): Promise<string> {
  const made = await mkdtemp(path.join(os.tmpdir(), 'samsyn-fetch-'))
  t.after(() => rm(made, { recursive: true }))
  return made
}

/** A hub that promises some instances and sends what it is told to. */
function hubThat(
  promised: readonly string[],
  send: (response: ServerResponse, boundary: string) => void,
): RequestListener {
  return (request, response) => {
    if (request.url?.includes('/instances') === true) {
      const found = promised.map((uid) => ({ '00080018': { vr: 'UI', Value: [uid] } }))
      response.setHeader('content-type', 'application/dicom+json')
      response.end(JSON.stringify(found))
      return
    }
    const boundary = 'between-the-parts'
    response.setHeader(
      'content-type',
      `multipart/related; type="application/dicom"; boundary=${boundary}`,
    )
    send(response, boundary)
  }
}

function sendAll(objects: readonly Buffer[]): (response: ServerResponse, boundary: string) => void {
  return (response, boundary) => {
    const writer = makeMultipartWriter(boundary)
    for (const bytes of objects) {
      response.write(writer.head({ contentType: 'application/dicom', length: bytes.length }))
      response.write(bytes)
    }
    response.end(writer.close())
  }
}

async function download(
  t: TestContext,
  url: string,
  authorization = 'Bearer x',
): Promise<{ readonly report: DownloadReport; readonly out: string }> {
  const out = await folder(t)
  const hub = makeHubClient({ url, authorize: async () => ({ authorization }) })
  t.after(() => hub.close())
  const report = await downloadStudy(hub, {
    study: STUDY.uid,
    folder: out,
    onObject: () => undefined,
  })
  return { report, out }
}

void test('a study comes as one file per object, byte for byte', async (t) => {
  const directory = await folder(t)
  const archive = await startArchive({
    directory,
    studies: [STUDY],
    credentials: { username: 'u', password: 'p' },
    health: { kind: 'normal' },
  })
  t.after(() => archive.close())
  const basic = `Basic ${Buffer.from('u:p').toString('base64')}`

  const { report, out } = await download(t, archive.url.replace('/dicom-web', ''), basic)

  assert.deepEqual(report.problems, [])
  assert.equal(report.verified, 24)
  const files = await readdir(out)
  assert.deepEqual(files.sort(), (await readdir(directory)).sort())
  for (const file of files)
    assert(
      (await readFile(path.join(out, file))).equals(await readFile(path.join(directory, file))),
    )
})

void test('an object that was promised and does not come is a problem', async (t) => {
  const [one, other] = samples(2)
  assert(one !== undefined && other !== undefined)
  const url = await listen(t, hubThat([one.uid, other.uid], sendAll([one.bytes])))
  const { report, out } = await download(t, url)
  assert.deepEqual(report.problems, [{ object: other.uid, problem: 'did not come' }])
  assert.deepEqual(await readdir(out), [`${one.uid}.dcm`])
})

void test('an object of another study is refused and leaves no file', async (t) => {
  const [wanted] = samples(1)
  const [stranger] = samples(1, { ...STUDY, uid: '2.25.9999' })
  assert(wanted !== undefined && stranger !== undefined)
  const url = await listen(t, hubThat([wanted.uid], sendAll([stranger.bytes, wanted.bytes])))
  const { report, out } = await download(t, url)
  assert.deepEqual(report.problems, [{ object: stranger.uid, problem: 'belongs to another study' }])
  assert.deepEqual(await readdir(out), [`${wanted.uid}.dcm`])
})

void test('an object cut short within its pixel data is refused', async (t) => {
  const [one, other] = samples(2)
  assert(one !== undefined && other !== undefined)
  const cut = one.bytes.subarray(0, one.bytes.length - 1000)
  const url = await listen(t, hubThat([one.uid, other.uid], sendAll([cut, other.bytes])))
  const { report, out } = await download(t, url)
  assert.equal(report.verified, 1)
  assert.deepEqual(
    report.problems.map(({ object }) => object),
    ['part 1', one.uid],
  )
  assert.deepEqual(await readdir(out), [`${other.uid}.dcm`])
})

void test('what came before the connection broke is kept, and the rest is reported', async (t) => {
  const [one, other] = samples(2)
  assert(one !== undefined && other !== undefined)
  const url = await listen(
    t,
    hubThat([one.uid, other.uid], (response, boundary) => {
      const writer = makeMultipartWriter(boundary)
      const head = { contentType: 'application/dicom', length: one.bytes.length }
      response.write(Buffer.concat([writer.head(head), one.bytes, writer.head(head)]))
      response.write(other.bytes.subarray(0, 1000), () => response.destroy())
    }),
  )
  const { report, out } = await download(t, url)
  assert.equal(report.verified, 1)
  assert(report.problems.some(({ object }) => object === 'the answer'))
  assert(report.problems.some(({ object }) => object === other.uid))
  assert.deepEqual(await readdir(out), [`${one.uid}.dcm`])
})

void test('a study that is not there, or not ours, is not found', async (t) => {
  const url = await listen(t, hubThat([], sendAll([])))
  await assert.rejects(download(t, url), (error) => isHubError(error, 'not-found'))
})
