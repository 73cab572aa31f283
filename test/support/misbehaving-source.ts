/** A DICOMweb source that does as the test says: answers, hangs, resets, lies. */
import type { ServerResponse } from 'node:http'
import type { TestContext } from 'node:test'
import type { DicomJson } from '../../src/domain/imaging/study.ts'
import { makeHeadReader } from '../../src/wire/dicom/read-head.ts'
import { makeMultipartWriter } from '../../src/wire/multipart/write-multipart.ts'
import { listen } from './listen.ts'

export interface TestSource {
  readonly url: string
  /** Requests so far, as `GET /path`. */
  readonly requests: string[]
  /** What it holds; replace it to change that. */
  objects: readonly Buffer[]
  /** Called instead of the retrieval of objects, for as long as it is there. */
  retrieve: ((res: ServerResponse) => Promise<void> | void) | undefined
  /** Called instead of any answer. */
  answer: ((res: ServerResponse) => Promise<void> | void) | undefined
}

export async function startSource(
  t: TestContext,
  objects: readonly Buffer[] = [],
): Promise<TestSource> {
  const source: Omit<TestSource, 'url'> = {
    requests: [],
    objects,
    retrieve: undefined,
    answer: undefined,
  }
  const url = await listen(t, (req, res) => {
    source.requests.push(`${req.method} ${req.url}`)
    const { pathname, searchParams } = new URL(req.url ?? '/', 'http://source')
    void answerTo(source, { path: pathname, parameters: searchParams, res })
  })
  return Object.assign(source, { url })
}

interface Exchange {
  readonly path: string
  readonly parameters: URLSearchParams
  readonly res: ServerResponse
}

async function answerTo(
  source: Omit<TestSource, 'url'>,
  { path, parameters, res }: Exchange,
): Promise<void> {
  if (source.answer !== undefined) return source.answer(res)
  const all = await headers(source)
  const [study, , instance] = path.match(/[\d.]+/g) ?? []
  const held = all.filter(
    ({ json }) =>
      uid(json, '0020000D') === study && (instance ?? uid(json, SOP)) === uid(json, SOP),
  )
  if (path === '/studies') sendJson(res, search(all, parameters))
  else if (held.length === 0) res.writeHead(404).end()
  else if (path.endsWith('/metadata')) {
    const json = held.map((one) => one.json)
    sendJson(res, json)
  } else if (source.retrieve !== undefined) await source.retrieve(res)
  else {
    const wanted = held.map((one) => one.object)
    await sendObjects(res, wanted)
  }
}

const SOP = '00080018'
const uid = (json: DicomJson, tag: string): string => String(json[tag]?.Value?.[0])

interface Held {
  readonly object: Buffer
  readonly json: DicomJson
}

async function headers({ objects }: Pick<TestSource, 'objects'>): Promise<readonly Held[]> {
  return Promise.all(
    objects.map(async (object) => {
      const reader = makeHeadReader({ characterSet: 'ISO_IR 100' })
      await reader.push(object)
      const { dataset } = await reader.finish()
      const bulk = `http://pacs.internal/dicom-web/studies/${uid(dataset, '0020000D')}/bulk/1`
      return { object, json: { ...dataset, '7FE00010': { vr: 'OW', BulkDataURI: bulk } } }
    }),
  )
}

function search(held: readonly Held[], parameters: URLSearchParams): readonly DicomJson[] {
  const studies = new Map(held.map(({ json }) => [uid(json, '0020000D'), json]))
  const wanted = parameters.get('StudyInstanceUID')
  const offset = Number(parameters.get('offset') ?? 0)
  return [...studies]
    .filter(([study]) => wanted === null || study === wanted)
    .map(([, json]) => json)
    .slice(offset, offset + Number(parameters.get('limit') ?? 1000))
}

export function sendJson(res: ServerResponse, body: unknown): void {
  res.writeHead(200, { 'content-type': 'application/dicom+json' }).end(JSON.stringify(body))
}

export const MULTIPART = 'multipart/related; type="application/dicom"; boundary=source-boundary'

/** The whole answer's bytes. */
export function multipart(objects: readonly Buffer[]): Buffer {
  const writer = makeMultipartWriter('source-boundary')
  const parts = objects.flatMap((object) => [
    writer.head({
      contentType: 'application/dicom',
      length: object.length,
      contentLocation: 'http://pacs.internal/secret',
    }),
    object,
  ])
  return Buffer.concat([...parts, writer.close()])
}

export async function sendObjects(res: ServerResponse, objects: readonly Buffer[]): Promise<void> {
  res.writeHead(200, { 'content-type': MULTIPART, 'set-cookie': 'pacs=1' })
  const body = multipart(objects)
  for (let at = 0; at < body.length && !res.destroyed; at += 65_536)
    await new Promise<void>((resolve) => {
      res.once('close', resolve)
      res.write(body.subarray(at, at + 65_536), () => {
        res.off('close', resolve)
        resolve()
      })
    })
  res.end()
}
