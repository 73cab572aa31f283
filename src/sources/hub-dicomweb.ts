/** The hub's DICOMweb service as its clients use it: search, retrieve and store (PS3.18 chapter 10). */
import { randomUUID } from 'node:crypto'
import { Readable } from 'node:stream'
import { json } from 'node:stream/consumers'
import { Agent, type Dispatcher } from 'undici'
import type { DicomJson } from '../domain/imaging/study.ts'
import { HubError, isHubError } from '../kernel/errors.ts'
import { parseMediaType } from '../wire/media-type.ts'
import { type Part, readMultipart } from '../wire/multipart/read-multipart.ts'
import { makeMultipartWriter, multipartLength } from '../wire/multipart/write-multipart.ts'
import { parseDicomJson } from './dicomweb.ts'
import { isRecord, refusal, unreachable } from './hub-failure.ts'
import { readStoreResult, type StoreResult } from './store-result.ts'

/** The headers that authorise one request: Authorization, and a proof where the token is bound (RFC 9449). */
export type AuthorizeRequest = (request: {
  readonly method: string
  /** Without query and fragment. */
  readonly url: string
}) => Promise<Readonly<Record<string, string>>>

export interface ObjectToStore {
  /** Bytes of the Part 10 object. */
  readonly length: number
  /** Called once, when its turn has come. */
  readonly open: () => AsyncIterable<Uint8Array>
}

export interface HubDicomweb {
  /** Every instance of the study that the token may see; empty where there is none. */
  searchInstances(study: string, signal?: AbortSignal): Promise<readonly DicomJson[]>
  /** Part 10 objects as the custodian keeps them. Resolves when the hub has begun to answer. */
  retrieveStudy(study: string, signal?: AbortSignal): Promise<AsyncIterable<Part>>
  /** Sends the objects in one request. `onBytes` hears of object bytes as they leave. */
  storeInstances(
    objects: readonly ObjectToStore[],
    onBytes: (bytes: number) => void,
  ): Promise<StoreResult>
  close(): Promise<void>
}

const PAGE = 500
const INSTANCES = 'multipart/related; type="application/dicom"; transfer-syntax=*'
/** The hub answers a STOW when all of it is on disk, and a search at once. */
const AGENT = { headersTimeout: 600_000, bodyTimeout: 120_000 }

/** `base` is the hub's public address. All methods throw HubError. */
export function makeHubDicomweb(base: string, authorize: AuthorizeRequest): HubDicomweb {
  const service = `${base}/dicom-web`
  const agent = new Agent(AGENT)

  async function call(path: string, question: Question): Promise<Dispatcher.ResponseData> {
    const url = new URL(service + path)
    const { method = 'GET', headers, body = null, signal } = question
    const credentials = await authorize({ method, url: url.origin + url.pathname })
    try {
      return await agent.request({
        origin: url.origin,
        path: url.pathname + url.search,
        method,
        headers: { ...headers, ...credentials },
        body,
        signal: signal ?? null,
      })
    } catch (error) {
      throw unreachable(error)
    }
  }

  return {
    async searchInstances(study, signal) {
      const found: DicomJson[] = []
      for (;;) {
        const query = `?limit=${PAGE}&offset=${found.length}`
        const headers = { accept: 'application/dicom+json' }
        const answer = await call(`/studies/${study}/instances${query}`, { headers, signal })
        const page = await readPage(answer)
        found.push(...page)
        if (page.length < PAGE) return found
      }
    },
    async retrieveStudy(study, signal) {
      const headers = { accept: INSTANCES }
      const answer = await call(`/studies/${study}`, { headers, signal })
      if (answer.statusCode !== 200) throw await refused(answer)
      return readMultipart(bytesOf(answer), boundaryOf(answer))
    },
    async storeInstances(objects, onBytes) {
      const boundary = randomUUID()
      const headers = storeHeaders(objects, boundary)
      const body = Readable.from(storeBody(objects, boundary, onBytes))
      return readStored(await call('/studies', { method: 'POST', headers, body }))
    },
    close: () => agent.destroy(),
  }
}

interface Question {
  readonly method?: 'GET' | 'POST'
  readonly headers: Readonly<Record<string, string>>
  readonly body?: Readable
  readonly signal?: AbortSignal | undefined
}

async function readPage(answer: Dispatcher.ResponseData): Promise<readonly DicomJson[]> {
  if (answer.statusCode === 204) {
    await answer.body.dump()
    return []
  }
  if (answer.statusCode !== 200) throw await refused(answer)
  const page = await readJson(answer)
  if (!Array.isArray(page)) throw malformed()
  return page.map((item) => parseDicomJson(JSON.stringify(item)))
}

function storeHeaders(
  objects: readonly ObjectToStore[],
  boundary: string,
): Readonly<Record<string, string>> {
  const parts = objects.map(({ length }) => ({ contentType: 'application/dicom', length }))
  return {
    accept: 'application/dicom+json',
    'content-type': `multipart/related; type="application/dicom"; boundary=${boundary}`,
    'content-length': String(multipartLength(boundary, parts)),
  }
}

async function* storeBody(
  objects: readonly ObjectToStore[],
  boundary: string,
  onBytes: (bytes: number) => void,
): AsyncGenerator<Uint8Array> {
  const writer = makeMultipartWriter(boundary)
  for (const { length, open } of objects) {
    yield writer.head({ contentType: 'application/dicom', length })
    for await (const chunk of open()) {
      yield chunk
      onBytes(chunk.length)
    }
  }
  yield writer.close()
}

/** 200, 202 and 409 tell instance by instance what happened (PS3.18 section 10.5.3). */
async function readStored(answer: Dispatcher.ResponseData): Promise<StoreResult> {
  const body = await readJson(answer)
  const tells = isRecord(body) && ['00081199', '00081198', '0008119A'].some((tag) => tag in body)
  if (!tells) throw refusal(answer.statusCode, body)
  return readStoreResult(parseDicomJson(JSON.stringify(body)))
}

async function refused(answer: Dispatcher.ResponseData): Promise<HubError> {
  const body = await readJson(answer).catch(() => undefined)
  return refusal(answer.statusCode, body)
}

async function readJson(answer: Dispatcher.ResponseData): Promise<unknown> {
  try {
    return await json(answer.body)
  } catch (error) {
    throw error instanceof SyntaxError ? malformed() : unreachable(error)
  }
}

function malformed(): HubError {
  return new HubError('source-failed', 'The hub answered with what is not DICOM JSON')
}

function boundaryOf(answer: Dispatcher.ResponseData): string {
  const header = answer.headers['content-type']
  const type = parseMediaType(typeof header === 'string' ? header : '')
  const boundary = type?.parameters.get('boundary')
  if (type?.type === 'multipart/related' && boundary !== undefined) return boundary
  throw new HubError('source-failed', 'The hub answered with another media type than asked for')
}

/** A stream that is cut off is the hub's failure, not a malformed body of ours. */
async function* bytesOf(answer: Dispatcher.ResponseData): AsyncGenerator<Buffer> {
  try {
    for await (const chunk of answer.body) yield chunk as Buffer
  } catch (error) {
    throw isHubError(error) ? error : unreachable(error)
  } finally {
    answer.body.destroy()
  }
}
