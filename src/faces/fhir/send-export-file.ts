/** A file of an export: whole or a range of it, compressed where that is accepted (RFC 9110 sections 8.4 and 14). */
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { constants, createGzip } from 'node:zlib'
import type { Request, Response } from 'express'
import type { ExportFileBytes } from '../../services/open-export-file.ts'
import { isHeldAlready } from '../if-none-match.ts'
import { readByteRange, type ByteRange } from './byte-range.ts'
import { mediaRanges } from './media-ranges.ts'

/** Resolves when the last byte is handed over, or nobody is there to take it any more. */
export async function sendExportFile(
  req: Request,
  res: Response,
  file: ExportFileBytes,
): Promise<void> {
  const range = rangeOf(req, file)
  const isCompressed = range === undefined && acceptsGzip(req)
  const etag = etagOf(file, isCompressed)
  if (isHeldAlready(req, etag)) {
    res.setHeader('ETag', etag).status(304).end()
    return
  }
  if (range === 'unsatisfiable') {
    res.setHeader('Content-Range', `bytes */${file.bytes}`).status(416).end()
    return
  }
  const headers = { ...COMMON, ETag: etag, ...partHeaders(file, range, isCompressed) }
  const status = range === undefined ? 200 : 206
  if (req.method === 'HEAD') {
    res.writeHead(status, headers).end()
    return
  }
  const { start, end } = range ?? { start: 0, end: file.bytes }
  const bytes = file.read(start, end)
  // What fails before the first byte is told as an error still.
  const first = await bytes.next()
  res.writeHead(status, headers)
  await stream(res, from(first, bytes), isCompressed)
}

const COMMON = {
  'Content-Type': 'application/fhir+ndjson',
  'Cache-Control': 'private, no-store',
  Vary: 'Accept-Encoding, Authorization',
  'Accept-Ranges': 'bytes',
}

function partHeaders(
  { bytes }: ExportFileBytes,
  range: ByteRange | undefined,
  isCompressed: boolean,
): Readonly<Record<string, string | number>> {
  if (isCompressed) return { 'Content-Encoding': 'gzip' }
  if (range === undefined) return { 'Content-Length': bytes }
  const { start, end } = range
  return { 'Content-Length': end - start, 'Content-Range': `bytes ${start}-${end - 1}/${bytes}` }
}

/** Fast rather than small: the network is seldom slower than a gzip that tries hard. */
const GZIP = { level: constants.Z_BEST_SPEED }

async function stream(
  res: Response,
  bytes: AsyncGenerator<Buffer, void, undefined>,
  isCompressed: boolean,
): Promise<void> {
  const source = Readable.from(bytes, { objectMode: false })
  const done = isCompressed ? pipeline(source, createGzip(GZIP), res) : pipeline(source, res)
  await done.catch((error: unknown) => {
    if (!isReaderGone(error)) throw error
  })
}

async function* from(
  first: IteratorResult<Buffer, void>,
  rest: AsyncGenerator<Buffer, void, undefined>,
): AsyncGenerator<Buffer, void, undefined> {
  try {
    if (first.done !== true) yield first.value
    yield* rest
  } finally {
    // Also where nobody has asked for the rest.
    await rest.return()
  }
}

function isReaderGone(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ERR_STREAM_PREMATURE_CLOSE'
}

function etagOf({ tag }: ExportFileBytes, isCompressed: boolean): string {
  return isCompressed ? `"${tag}-gzip"` : `"${tag}"`
}

function acceptsGzip(req: Request): boolean {
  return mediaRanges(req.get('accept-encoding') ?? '').some(({ type }) => type === 'gzip')
}

/** A range of another version of the file is no range of this one. */
function rangeOf(req: Request, file: ExportFileBytes): ByteRange | 'unsatisfiable' | undefined {
  const condition = req.get('if-range')
  const isOther = condition !== undefined && condition !== etagOf(file, false)
  return isOther ? undefined : readByteRange(req.get('range') ?? '', file.bytes)
}
