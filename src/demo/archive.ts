/**
 * A hospital's image archive: a DICOMweb server on a loopback socket (PS3.18 chapter 10), guarded by a
 * user name and a password, in good or bad health.
 */
import { randomUUID, timingSafeEqual } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { setTimeout as delay } from 'node:timers/promises'
import { makeMultipartWriter, type PartHeader } from '../wire/multipart/write-multipart.ts'
import { fillArchive, TRANSFER_SYNTAX, type ArchivedObject } from './archive-objects.ts'
import { answerQuery, type QueryLevel } from './archive-query.ts'
import type { PhantomStudy } from './phantoms/phantom-study.ts'

/** `moody` answers for `upMs`, is gone for `downMs`, and so on from its start. */
export type ArchiveHealth =
  | { readonly kind: 'normal' }
  | { readonly kind: 'slow'; readonly delayMs: number }
  | { readonly kind: 'moody'; readonly upMs: number; readonly downMs: number }

export interface ArchiveOptions {
  /** Where its objects are kept; made and filled where missing. */
  readonly directory: string
  readonly studies: readonly PhantomStudy[]
  readonly credentials: { readonly username: string; readonly password: string }
  readonly health: ArchiveHealth
}

export interface Archive {
  /** Base of the DICOMweb service. */
  readonly url: string
  close(): Promise<void>
}

const PREFIX = '/dicom-web'

/** Resolves when it listens, on a free port of 127.0.0.1. */
export async function startArchive(options: ArchiveOptions): Promise<Archive> {
  const objects = await fillArchive(options.directory, options.studies)
  const isDown = outages(options.health)
  const server = createServer((request, response) => {
    if (isDown()) refuse(request, response)
    else
      serve({ objects, options, request, response }).catch(() => {
        response.destroy()
      })
  })
  const port = await listen(server)
  return {
    url: `http://127.0.0.1:${port}${PREFIX}`,
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      server.closeAllConnections()
      await closed
    },
  }
}

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(0, '127.0.0.1', resolve)
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('The archive has no port')
  return address.port
}

function outages(health: ArchiveHealth): () => boolean {
  if (health.kind !== 'moody') return () => false
  const start = performance.now()
  return () => (performance.now() - start) % (health.upMs + health.downMs) >= health.upMs
}

/** Down in both ways the hub must survive: no answer at all, and an answer that says so. */
function refuse(request: IncomingMessage, response: ServerResponse): void {
  if (request.url?.includes('/metadata') === true) request.socket.destroy()
  else problem(response, 503, 'The archive is down for maintenance')
}

interface Exchange {
  readonly objects: readonly ArchivedObject[]
  readonly options: ArchiveOptions
  readonly request: IncomingMessage
  readonly response: ServerResponse
}

async function serve(exchange: Exchange): Promise<void> {
  const { options, request, response } = exchange
  if (!isAuthorised(request.headers.authorization, options.credentials)) {
    response.setHeader('www-authenticate', 'Basic realm="archive"')
    problem(response, 401, 'User name and password are needed')
    return
  }
  if (request.method !== 'GET') {
    problem(response, 405, 'Only GET is offered')
    return
  }
  await wait(options.health)
  const url = new URL(request.url ?? '/', 'http://archive')
  const route = parseRoute(url.pathname)
  if (route === undefined) problem(response, 404, 'There is nothing here')
  else if (route.answer === 'search') search(exchange, { ...route, parameters: url.searchParams })
  else await retrieve(exchange, route)
}

function isAuthorised(header = '', { username, password }: ArchiveOptions['credentials']): boolean {
  const wanted = Buffer.from(`Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`)
  const given = Buffer.from(header)
  return given.length === wanted.length && timingSafeEqual(given, wanted)
}

async function wait(health: ArchiveHealth): Promise<void> {
  if (health.kind === 'slow') await delay(health.delayMs)
}

interface Route {
  readonly answer: 'search' | 'metadata' | 'objects'
  readonly level: QueryLevel
  readonly study?: string | undefined
  readonly series?: string | undefined
  readonly instance?: string | undefined
}

const ROUTE =
  /^\/studies(?:\/([\d.]+))?(?:\/series(?:\/([\d.]+))?)?(?:\/instances(?:\/([\d.]+))?)?(\/metadata)?$/

function parseRoute(path: string): Route | undefined {
  const found = path.startsWith(PREFIX) ? ROUTE.exec(path.slice(PREFIX.length)) : null
  if (found === null) return undefined
  const [, study, series, instance, metadata] = found
  const named = { study, series, instance }
  const last = path.split('/').findLast((step) => /^(studies|series|instances)$/.test(step))
  const level = last === 'series' || last === 'instances' ? last : 'studies'
  if (path.endsWith(`/${level}`)) return { answer: 'search', level, ...named }
  return { answer: metadata === undefined ? 'objects' : 'metadata', level, ...named }
}

function within(objects: readonly ArchivedObject[], route: Route): readonly ArchivedObject[] {
  return objects.filter(
    (object) =>
      (route.study ?? object.study) === object.study &&
      (route.series ?? object.series) === object.series &&
      (route.instance ?? object.instance) === object.instance,
  )
}

function search(
  { objects, request, response }: Exchange,
  route: Route & { readonly parameters: URLSearchParams },
): void {
  const base = `http://${request.headers.host ?? 'archive'}${PREFIX}`
  const { level, parameters } = route
  const { results, remaining } = answerQuery(within(objects, route), { level, parameters, base })
  if (remaining > 0)
    response.setHeader(
      'warning',
      `299 ${base}: There are ${remaining} additional results that can be requested`,
    )
  json(response, 200, 'application/dicom+json', results)
}

async function retrieve(exchange: Exchange, route: Route): Promise<void> {
  const wanted = within(exchange.objects, route)
  const { request, response } = exchange
  if (wanted.length === 0) problem(response, 404, 'There is no such object')
  else if (route.answer === 'metadata')
    json(response, 200, 'application/dicom+json', wanted.map(metadataOf))
  else if (/multipart|\*\/\*/.test(request.headers.accept ?? '*/*'))
    await sendObjects(exchange, wanted)
  else problem(response, 406, 'Objects are sent as multipart/related; type="application/dicom"')
}

/** The header as JSON; pixel data stays behind and its transfer syntax is told by (0008,3002). */
function metadataOf({ attributes }: ArchivedObject): object {
  return { ...attributes, '00083002': { vr: 'UI', Value: [TRANSFER_SYNTAX] } }
}

async function sendObjects(
  { options, response }: Exchange,
  objects: readonly ArchivedObject[],
): Promise<void> {
  const boundary = randomUUID()
  response.writeHead(200, {
    'content-type': `multipart/related; type="application/dicom"; boundary=${boundary}`,
  })
  async function* body(): AsyncGenerator<Buffer> {
    const writer = makeMultipartWriter(boundary)
    for (const object of objects) {
      await wait(slower(options.health))
      yield writer.head(await partHeader(object))
      yield* createReadStream(object.file) as AsyncIterable<Buffer>
    }
    yield writer.close()
  }
  await pipeline(Readable.from(body()), response)
}

/** Between two objects a slow archive pauses for a tenth of what it takes to begin. */
function slower(health: ArchiveHealth): ArchiveHealth {
  return health.kind === 'slow' ? { ...health, delayMs: health.delayMs / 10 } : health
}

async function partHeader(object: ArchivedObject): Promise<PartHeader> {
  const { study, series, instance, file } = object
  return {
    contentType: `application/dicom; transfer-syntax=${TRANSFER_SYNTAX}`,
    length: (await stat(file)).size,
    contentLocation: `${PREFIX}/studies/${study}/series/${series}/instances/${instance}`,
  }
}

function json(response: ServerResponse, status: number, type: string, body: unknown): void {
  const text = JSON.stringify(body)
  response.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(text) })
  response.end(text)
}

function problem(response: ServerResponse, status: number, title: string): void {
  json(response, status, 'application/problem+json', { title, status })
}
