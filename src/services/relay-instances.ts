/** What a source hands over, let through only where it is what the index says it is. */
import type { CopyInstance } from '../storage/study-copies.ts'
import { HubError, isHubError } from '../kernel/errors.ts'
import type { InstanceUid, SeriesUid } from '../kernel/ids.ts'
import type { SourceParts } from '../sources/dicomweb.ts'
import { type FileMeta, readFileMeta } from '../wire/dicom/file-meta.ts'
import type { Part } from '../wire/multipart/read-multipart.ts'

export interface RelayedInstance {
  readonly instance: InstanceUid
  readonly series: SeriesUid
  /** As the object itself says; null where that is no UID, which nobody may be told. */
  readonly transferSyntax: string | null
  /** Where the source said so; the body then has it exactly or throws. */
  readonly length: number | undefined
  /** The Part 10 object, once. A chunk is valid until the next is asked for. */
  readonly body: AsyncIterable<Uint8Array>
}

export interface RelayOptions {
  /** What the caller may have of this source: nothing else passes. */
  readonly expected: readonly CopyInstance[]
  readonly accepts: (transferSyntax: string) => boolean
}

/**
 * The source's objects, checked one by one: an object that is not expected is passed over (it was not
 * indexed, or is another's), one that repeats itself or is no DICOM object fails the answer, and so does an
 * expected one that never comes. Throws HubError `source-failed`, `source-timeout` or `not-acceptable`.
 */
export async function* relayInstances(
  source: SourceParts,
  { expected, accepts }: RelayOptions,
): AsyncGenerator<RelayedInstance, void, undefined> {
  const wanted = new Map<string, CopyInstance>(expected.map((item) => [item.instance, item]))
  for await (const part of source.parts) {
    const { meta, body } = await open(part)
    const found = wanted.get(meta.instanceUid)
    if (found === undefined) continue
    if (!accepts(meta.transferSyntaxUid ?? '')) throw notAcceptable(meta.transferSyntaxUid)
    wanted.delete(meta.instanceUid)
    yield {
      instance: found.instance,
      series: found.series,
      transferSyntax: meta.transferSyntaxUid,
      length: lengthOf(part),
      body,
    }
  }
  if (wanted.size > 0)
    throw new HubError('source-failed', `The source did not hand over ${wanted.size} object(s)`)
}

function notAcceptable(transferSyntax: string | null): HubError {
  return new HubError(
    'not-acceptable',
    `An object is held in transfer syntax ${transferSyntax ?? 'unknown'}; ask for transfer-syntax=*`,
  )
}

interface OpenedPart {
  readonly meta: FileMeta
  readonly body: AsyncIterable<Uint8Array>
}

async function open(part: Part): Promise<OpenedPart> {
  const chunks = part.body[Symbol.asyncIterator]()
  let start: Buffer = Buffer.alloc(0)
  for (;;) {
    const next = await believed(chunks)
    if (next.done === true) throw malformed()
    start = start.length === 0 ? viewOf(next.value) : Buffer.concat([start, next.value])
    const meta = readFileMeta(start)
    if (meta === 'malformed') throw malformed()
    if (meta !== 'more') return { meta, body: continueWith(start, chunks) }
    // Copied, now that another chunk is asked for: the first is usually enough and passes as it is.
    start = Buffer.from(start)
  }
}

function viewOf(chunk: Uint8Array): Buffer {
  return Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)
}

async function* continueWith(
  start: Buffer,
  chunks: AsyncIterator<Uint8Array>,
): AsyncGenerator<Uint8Array, void, undefined> {
  yield start
  for (let next = await believed(chunks); next.done !== true; next = await believed(chunks))
    yield next.value
}

/** What the multipart parser calls the sender's fault is the source's. */
async function believed(
  chunks: AsyncIterator<Uint8Array>,
): Promise<IteratorResult<Uint8Array, unknown>> {
  try {
    return await chunks.next()
  } catch (error) {
    if (isHubError(error, 'invalid'))
      throw new HubError('source-failed', `The source's answer is malformed: ${error.message}`)
    throw error
  }
}

const malformed = (): HubError =>
  new HubError('source-failed', 'The source handed over what is not a DICOM object')

function lengthOf(part: Part): number | undefined {
  const text = part.headers.get('content-length') ?? ''
  return /^\d{1,15}$/.test(text) ? Number(text) : undefined
}
