import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import os from 'node:os'
import path from 'node:path'
import { test, type TestContext } from 'node:test'
import { publishCommand } from '../../src/commands/publish.ts'
import { makeStudy } from '../../src/demo/phantoms/make-study.ts'
import { patientOf } from '../../src/demo/world-patients.ts'
import { isHubError } from '../../src/kernel/errors.ts'
import { makeHubClient } from '../../src/sources/hub.ts'
import { writePart10 } from '../../src/wire/dicom/write-part10.ts'
import { readMultipart } from '../../src/wire/multipart/read-multipart.ts'
import { listen } from '../support/listen.ts'

interface Received {
  readonly authorization: string | undefined
  readonly objects: readonly Buffer[]
}

/** A STOW-RS server that keeps what it gets and answers by `judge`: undefined accepts. */
function storeServer(
  received: Received[],
  judge: (uid: string) => number | undefined = () => undefined,
): RequestListener {
  return (request, response) => void answer(request, response)

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const boundary = /boundary=(\S+)/.exec(request.headers['content-type'] ?? '')?.[1] ?? ''
    const objects: Buffer[] = []
    for await (const part of readMultipart(request, boundary)) {
      const chunks: Buffer[] = []
      for await (const chunk of part.body) chunks.push(Buffer.from(chunk))
      objects.push(Buffer.concat(chunks))
    }
    received.push({ authorization: request.headers.authorization, objects })
    const items = objects.map((object) => itemFor(uidIn(object), judge(uidIn(object))))
    const failed = items.filter((item) => '00081197' in item)
    const stored = items.filter((item) => !('00081197' in item))
    response.writeHead(failed.length === 0 ? 200 : 202, {
      'content-type': 'application/dicom+json',
    })
    response.end(
      JSON.stringify({
        '00081199': { vr: 'SQ', Value: stored },
        '00081198': { vr: 'SQ', Value: failed },
      }),
    )
  }
}

function itemFor(uid: string, reason: number | undefined): object {
  return {
    '00081155': { vr: 'UI', Value: [uid] },
    ...(reason !== undefined && { '00081197': { vr: 'US', Value: [reason] } }),
  }
}

/** (0002,0003) follows its 8-byte header; the test's own objects have it early. */
function uidIn(object: Buffer): string {
  const at = object.indexOf(Buffer.from([0x02, 0x00, 0x03, 0x00, 0x55, 0x49]))
  const length = object.readUInt16LE(at + 6)
  return object.toString('latin1', at + 8, at + 8 + length).replace(/\0$/, '')
}

/** A folder with 24 MR objects without an extension, in two levels, and a text file. */
async function folderOfObjects(t: TestContext): Promise<{ folder: string; uids: string[] }> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'samsyn-publish-'))
  t.after(() => rm(folder, { recursive: true }))
  await mkdir(path.join(folder, 'inner'))
  const uids: string[] = []
  const study = {
    uid: '2.25.9100',
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
  } as const
  for (const { uid, attributes } of makeStudy(study)) {
    const where = path.join(folder, uids.length % 2 === 0 ? '.' : 'inner', `IM${uids.length}`)
    await writeFile(where, writePart10({ attributes }))
    uids.push(uid)
  }
  await writeFile(path.join(folder, 'README.txt'), 'not an image')
  return { folder, uids }
}

interface Run {
  readonly printed: string
  readonly complained: string
  readonly error: unknown
}

async function run(t: TestContext, url: string, args: readonly string[]): Promise<Run> {
  const out = t.mock.method(console, 'log', () => undefined)
  const err = t.mock.method(console, 'error', () => undefined)
  const command = publishCommand({
    openHub: async (caller) =>
      makeHubClient({
        url,
        authorize: async () => ({
          authorization: caller.kind === 'client' ? `Bearer of ${caller.id}` : 'none',
        }),
      }),
  }).exitOverride()
  let error: unknown
  try {
    await command.parseAsync([...args, '--client', 'solvik-ris'], { from: 'user' })
  } catch (thrown) {
    error = thrown
  }
  const text = (calls: readonly { arguments: readonly unknown[] }[]): string =>
    calls.map((call) => call.arguments.join(' ')).join('\n')
  const result = { printed: text(out.mock.calls), complained: text(err.mock.calls), error }
  out.mock.restore()
  err.mock.restore()
  return result
}

void test('every object in a folder is sent, whatever its name, and the rest is skipped with a line', async (t) => {
  const received: Received[] = []
  const url = await listen(t, storeServer(received))
  const { folder, uids } = await folderOfObjects(t)

  const { printed, complained, error } = await run(t, url, [folder])

  assert.equal(error, undefined)
  assert.match(printed, /^24 objects published .*, 0 refused, 1 skipped$/)
  assert.match(complained, /skipped .*README\.txt: it is not a DICOM file/)
  assert.deepEqual(received.flatMap(({ objects }) => objects.map(uidIn)).sort(), uids.sort())
  assert.equal(received[0]?.authorization, 'Bearer of solvik-ris')
})

void test('an object that the hub refuses is named with the reason, and the command fails', async (t) => {
  const { folder, uids } = await folderOfObjects(t)
  const url = await listen(
    t,
    storeServer([], (uid) => (uid === uids[3] ? 0x0111 : undefined)),
  )

  const { printed, complained, error } = await run(t, url, [folder])

  assert(isHubError(error, 'conflict'))
  assert.match(printed, /^23 objects published/)
  assert.match(complained, /refused .*IM3: the hub has another object with this UID/)
})

void test('an object that the hub does not acknowledge counts as refused', async (t) => {
  const { folder, uids } = await folderOfObjects(t)
  const url = await listen(t, (request, response) => {
    request.resume().on('end', () => {
      const stored = uids.slice(1).map((uid) => itemFor(uid, undefined))
      response.end(JSON.stringify({ '00081199': { vr: 'SQ', Value: stored } }))
    })
  })

  const { printed } = await run(t, url, [folder, '--json'])

  const report = JSON.parse(printed) as { stored: number; failed: { instance: string }[] }
  assert.equal(report.stored, 23)
  assert.deepEqual(
    report.failed.map(({ instance }) => instance),
    [uids[0]],
  )
})

void test("a refusal of the whole request is told in the hub's own words", async (t) => {
  const { folder } = await folderOfObjects(t)
  const url = await listen(t, (request, response) => {
    request.resume()
    response.writeHead(403, { 'content-type': 'application/problem+json' })
    response.end(JSON.stringify({ title: 'The scope does not cover publishing' }))
  })

  const { error } = await run(t, url, [folder])

  assert(isHubError(error, 'forbidden'))
  assert.match(error.message, /The scope does not cover publishing/)
})

void test('a path that is not there is wrong usage', async (t) => {
  const { error } = await run(t, 'http://127.0.0.1:9', ['/nowhere/at/all'])
  assert(isHubError(error, 'invalid'))
})
