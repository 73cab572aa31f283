/**
 * A DICOMweb archive as a source: QIDO-RS and WADO-RS asked as a client (PS3.18 chapter 10) with the hub's
 * own credentials, its answers judged before anything of them is believed.
 */
import type { ImageSource, SourceCredentials } from '../domain/imaging/source.ts'
import type { DicomJson } from '../domain/imaging/study.ts'
import { HubError, isHubError } from '../kernel/errors.ts'
import type { InstanceUid, SeriesUid, StudyUid } from '../kernel/ids.ts'
import { splitJsonArray } from '../wire/dicom/json-array.ts'
import { parseMediaType } from '../wire/media-type.ts'
import { type Part, readMultipart } from '../wire/multipart/read-multipart.ts'
import type { Answer, Egress, OutgoingRequest } from './egress.ts'

/** How much of a study is meant. */
export interface SourceScope {
  readonly study: StudyUid
  readonly series?: SeriesUid | undefined
  readonly instance?: InstanceUid | undefined
}

export interface SourceParts {
  /** Throws HubError `source-failed` or `source-timeout` where the answer breaks off or is malformed. */
  readonly parts: AsyncIterable<Part>
  /** Lets go of the connection; safe at any time. */
  discard(): void
}

export interface DicomwebSource {
  /** Every study that matches, page by page. */
  searchStudies(query: SourceQuery, signal?: AbortSignal): AsyncIterable<DicomJson>
  /** The JSON text of each instance's metadata. Resolves when the source has begun to answer. */
  retrieveMetadata(scope: SourceScope, signal?: AbortSignal): Promise<AsyncIterable<string>>
  /** Part 10 objects as stored. Resolves when the source has begun to answer. */
  retrieveInstances(scope: SourceScope, signal?: AbortSignal): Promise<SourceParts>
}

export type SourceQuery = Readonly<Record<string, string>>

/** Answers a question about one source; the egress is shared by all. */
export type OpenDicomwebSource = (source: ImageSource) => DicomwebSource

const PAGE = 100
const JSON_TYPES = new Set(['application/dicom+json', 'application/json'])
const INSTANCES = 'multipart/related; type="application/dicom"; transfer-syntax=*'

export function makeDicomwebSources(egress: Egress): OpenDicomwebSource {
  return ({ settings }) => {
    const base = settings.url.replace(/\/+$/, '')
    const question = (path: string, accept: string, signal?: AbortSignal): OutgoingRequest => ({
      url: new URL(base + path),
      headers: { accept, ...authorization(settings.credentials) },
      signal,
    })
    const ask: Ask = (...words) => egress.request(question(...words))

    return {
      searchStudies: (query, signal) => searchPaged(ask, { path: '/studies', query, signal }),
      async retrieveMetadata(scope, signal) {
        const answer = await ask(`${pathOf(scope)}/metadata`, 'application/dicom+json', signal)
        judge(answer, isJson)
        return believed(splitJsonArray(answer.body))
      },
      async retrieveInstances(scope, signal) {
        const asked = question(pathOf(scope), INSTANCES, signal)
        // One instance is fetched sooner on a connection that is open already.
        const isLong = scope.instance === undefined
        const answer = await (isLong ? egress.stream(asked) : egress.request(asked))
        judge(answer, isMultipart)
        return {
          parts: believed(readMultipart(answer.body, boundaryOf(answer))),
          discard: () => answer.discard(),
        }
      },
    }
  }
}

type Ask = (path: string, accept: string, signal?: AbortSignal) => Promise<Answer>

interface PagedSearch {
  readonly path: string
  readonly query: SourceQuery
  readonly signal?: AbortSignal | undefined
}

/** A source without paging that repeats itself is noticed by what it repeats. */
async function* searchPaged(ask: Ask, search: PagedSearch): AsyncGenerator<DicomJson> {
  let previous = ''
  for (let offset = 0; ;) {
    const parameters = { ...search.query, limit: String(PAGE), offset: String(offset) }
    const path = `${search.path}?${new URLSearchParams(parameters).toString()}`
    const page = await readPage(ask, path, search.signal)
    const first = JSON.stringify(page.results[0] ?? null)
    if (page.results.length === 0 || first === previous) return
    yield* page.results
    if (page.results.length < PAGE && !page.more) return
    previous = first
    offset += page.results.length
  }
}

interface Page {
  readonly results: readonly DicomJson[]
  /** The source says that more remain (PS3.18 section 10.6.3.2). */
  readonly more: boolean
}

async function readPage(ask: Ask, path: string, signal?: AbortSignal): Promise<Page> {
  const answer = await ask(path, 'application/dicom+json', signal)
  // 204 was the empty answer until CP-2473; 404 is how some say that the parent is not there.
  if (answer.status === 204 || answer.status === 404) {
    answer.discard()
    return { results: [], more: false }
  }
  judge(answer, isJson)
  const results: DicomJson[] = []
  for await (const text of believed(splitJsonArray(answer.body, PAGE_LIMITS)))
    results.push(parseDicomJson(text))
  return { results, more: /additional results/i.test(answer.header('warning') ?? '') }
}

/** Generous to a source that ignores `limit`, yet not without end. */
const PAGE_LIMITS = { elementBytes: 4_194_304, elements: 100_000, depth: 32 }

/** A source's JSON object, its elements not looked into. */
export function parseDicomJson(text: string): DicomJson {
  try {
    const value: unknown = JSON.parse(text)
    if (isObject(value) && Object.values(value).every(isElement)) return value as DicomJson
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
  }
  throw new HubError('source-failed', 'The source answered with what is not DICOM JSON')
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

const isElement = (value: unknown): boolean => isObject(value) && typeof value.vr === 'string'

function judge(answer: Answer, isWanted: (type: string) => boolean): void {
  const text = judgement(answer, isWanted)
  if (text === undefined) return
  answer.discard()
  throw new HubError('source-failed', text)
}

function judgement(answer: Answer, isWanted: (type: string) => boolean): string | undefined {
  const { status } = answer
  if (status === 401 || status === 403) return "The source refuses the hub's credentials"
  if (status === 404 || status === 410) return 'The source no longer holds this study'
  if (status !== 200) return `The source answered with status ${status}`
  const type = answer.header('content-type') ?? ''
  return isWanted(type) ? undefined : 'The source answered with another media type than asked for'
}

const isJson = (type: string): boolean => JSON_TYPES.has(parseMediaType(type)?.type ?? '')

function isMultipart(text: string): boolean {
  const type = parseMediaType(text)
  const partType = type?.parameters.get('type') ?? 'application/dicom'
  return (
    type?.type === 'multipart/related' &&
    partType.toLowerCase() === 'application/dicom' &&
    type.parameters.get('boundary') !== undefined
  )
}

function boundaryOf(answer: Answer): string {
  return parseMediaType(answer.header('content-type') ?? '')?.parameters.get('boundary') ?? ''
}

function pathOf({ study, series, instance }: SourceScope): string {
  const parents = series === undefined ? '' : `/series/${series}`
  return `/studies/${study}${parents}${instance === undefined ? '' : `/instances/${instance}`}`
}

function authorization(credentials: SourceCredentials): Record<string, string> {
  if (credentials.kind === 'none') return {}
  if (credentials.kind === 'bearer') return { authorization: `Bearer ${credentials.token}` }
  const pair = Buffer.from(`${credentials.username}:${credentials.password}`).toString('base64')
  return { authorization: `Basic ${pair}` }
}

/** What a parser calls the caller's fault is the source's here. */
async function* believed<Item>(items: AsyncIterable<Item>): AsyncGenerator<Item> {
  try {
    yield* items
  } catch (error) {
    if (isHubError(error, 'invalid') || isHubError(error, 'too-large'))
      throw new HubError('source-failed', `The source's answer is malformed: ${error.message}`)
    throw error
  }
}
