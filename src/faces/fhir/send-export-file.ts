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
  res.setHeader('Content-Type', 'application/fhir+ndjson')
  res.setHeader('Cache-Control', 'private, no-store')
  res.setHeader('Vary', 'Accept-Encoding, Authorization')
  res.setHeader('Accept-Ranges', 'bytes')
  res.setHeader('ETag', etag)
  if (isHeldAlready(req, etag)) {
    res.status(304).end()
    return
  }
  if (range === 'unsatisfiable') {
    res.setHeader('Content-Range', `bytes */${file.bytes}`)
    res.status(416).end()
    return
  }
  const { start, end } = range ?? { start: 0, end: file.bytes }
  if (isCompressed) res.setHeader('Content-Encoding', 'gzip')
  else res.setHeader('Content-Length', end - start)
  if (range !== undefined) res.setHeader('Content-Range', `bytes ${start}-${end - 1}/${file.bytes}`)
  res.status(range === undefined ? 200 : 206)
  if (req.method === 'HEAD') res.end()
  else await stream(res, file.read(start, end), isCompressed)
}

/** Fast rather than small: the network is seldom slower than a gzip that tries hard. */
const GZIP = { level: constants.Z_BEST_SPEED }

async function stream(
  res: Response,
  bytes: AsyncGenerator<Buffer, void, undefined>,
  isCompressed: boolean,
): Promise<void> {
  // What fails before the first byte is told as an error still.
  const first = await bytes.next()
  const source = Readable.from(from(first, bytes), { objectMode: false })
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
