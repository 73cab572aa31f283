/**
 * The header of a DICOM Part 10 object (PS3.10 section 7) read from a stream as it passes by: chunks are
 * looked at, not kept; pixel data is never held.
 */
import type { DicomJson } from '../../domain/imaging/study.ts'
import { isUid } from '../../domain/imaging/uid.ts'
import { DatasetScanner } from './dataset-scanner.ts'
import { toDicomJson } from './dicom-json.ts'
import { readElementHeader, UNDEFINED_LENGTH } from './element-header.ts'
import { MAX_HEADER_BYTES } from './header-budget.ts'
import { makeInflater, type Inflater } from './inflate.ts'
import { DEFLATED_LITTLE_ENDIAN, encodingOf, type Encoding } from './transfer-syntaxes.ts'
import { unreadable } from './unreadable.ts'

export interface Head {
  readonly transferSyntaxUid: string
  /** All attributes but bulk data, group 0002, and where the sender keeps things (`WHEREABOUTS`). */
  readonly dataset: DicomJson
}

export interface HeadReader {
  /** Looks at the next bytes; wait for the promise, where there is one, before reusing them. Throws `unprocessable`. */
  push(chunk: Uint8Array): Promise<void> | undefined
  /** Which object the file meta information says it is, as far as it was read: for naming a refused one. */
  told(): { readonly sopClassUid?: string | undefined; readonly instanceUid?: string | undefined }
  /** Call after the last byte. Throws `unprocessable` with an `UnreadableReason`. */
  finish(): Promise<Head>
}

export interface HeadOptions {
  /** (0008,0005) for objects that have none, as `ISO_IR 100`. */
  readonly characterSet: string
  /** Most bytes of header to hold; the default is `MAX_HEADER_BYTES`. */
  readonly headerLimit?: number | undefined
}

const EMPTY = Buffer.alloc(0)
const PREAMBLE = 128
const MAX_META = 65_536
const META_ENCODING: Encoding = { explicit: true, littleEndian: true }

interface WalkedMeta {
  readonly transferSyntaxUid: string
  readonly sopClassUid: string | undefined
  readonly sopInstanceUid: string | undefined
  readonly size: number
}

/** What comes after the file meta information, as it is read. */
interface Body {
  readonly meta: WalkedMeta
  readonly scanner: DatasetScanner
  readonly inflater?: Inflater
}

export function makeHeadReader(options: HeadOptions): HeadReader {
  /** What came before the file meta information was whole. */
  let start: Buffer = EMPTY
  let body: Body | undefined

  function open(meta: WalkedMeta): Body {
    const limit = options.headerLimit ?? MAX_HEADER_BYTES
    const scanner = new DatasetScanner(encodingOf(meta.transferSyntaxUid), limit)
    if (meta.transferSyntaxUid !== DEFLATED_LITTLE_ENDIAN) return { meta, scanner }
    return {
      meta,
      scanner,
      inflater: makeInflater((chunk) => {
        scanner.push(chunk)
      }),
    }
  }

  function pushBody(chunk: Buffer): Promise<void> | undefined {
    if (body?.inflater !== undefined) return body.inflater.push(chunk)
    body?.scanner.push(chunk)
    return undefined
  }

  return {
    push(chunk) {
      const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)
      if (body !== undefined) return pushBody(bytes)
      const whole = start.length === 0 ? bytes : Buffer.concat([start, bytes])
      const meta = walkFileMeta(whole)
      // The chunk is the caller's again when this returns: what is kept is a copy.
      start = meta !== undefined ? EMPTY : whole === bytes ? Buffer.from(bytes) : whole
      if (meta === undefined) return undefined
      body = open(meta)
      return pushBody(whole.subarray(meta.size))
    },
    told: () => ({
      sopClassUid: uidOrNone(body?.meta.sopClassUid),
      instanceUid: uidOrNone(body?.meta.sopInstanceUid),
    }),
    async finish() {
      if (body === undefined) throw unfinishedMeta(start)
      await body.inflater?.finish()
      const { meta, scanner } = body
      const head = scanner.finish()
      const dataset = toDicomJson(head, encodingOf(meta.transferSyntaxUid), options.characterSet)
      requireSame(meta, dataset)
      return { transferSyntaxUid: meta.transferSyntaxUid, dataset }
    },
  }
}

/**
 * PS3.10 section 7.1; undefined until all of group 0002 and what comes after it is there. Walked element
 * by element and judged, whatever its group length (0002,0000) says; `readFileMeta`, which has but to name
 * an object that passes by, goes by that length.
 */
function walkFileMeta(bytes: Buffer): WalkedMeta | undefined {
  if (bytes.length < PREAMBLE + 4) return undefined
  if (bytes.toString('latin1', PREAMBLE, PREAMBLE + 4) !== 'DICM')
    throw unreadable('not-dicom', 'it has no DICM prefix (PS3.10 section 7.1)')

  const values = new Map<number, string>()
  let at = PREAMBLE + 4
  for (;;) {
    if (at > MAX_META) throw unreadable('malformed', 'its file meta information is too large')
    if (bytes.length - at < 4) return undefined
    if (bytes.readUInt16LE(at) !== 0x0002) break
    const header = readElementHeader(bytes, at, META_ENCODING)
    if (header === undefined) return undefined
    const end = at + header.size + header.length
    if (header.length === UNDEFINED_LENGTH || end > MAX_META)
      throw unreadable('malformed', 'its file meta information is too large')
    if (end > bytes.length) return undefined
    values.set(header.tag, bytes.toString('latin1', at + header.size, end).replace(/[ \0]+$/, ''))
    at = end
  }
  return fileMeta(values, at)
}

function fileMeta(values: ReadonlyMap<number, string>, size: number): WalkedMeta {
  const transferSyntaxUid = values.get(0x00020010)
  if (transferSyntaxUid === undefined || transferSyntaxUid === '')
    throw unreadable('malformed', 'it names no transfer syntax (0002,0010)')
  // A syntax that is not known here is passed on as it came; its name goes into headers.
  if (!isUid(transferSyntaxUid))
    throw unreadable('malformed', 'its transfer syntax (0002,0010) is not a UID')
  return {
    transferSyntaxUid,
    sopClassUid: values.get(0x00020002),
    sopInstanceUid: values.get(0x00020003),
    size,
  }
}

function uidOrNone(text: string | undefined): string | undefined {
  return text !== undefined && isUid(text) ? text : undefined
}

function unfinishedMeta(start: Buffer): Error {
  return start.length < PREAMBLE + 4
    ? unreadable('not-dicom', 'it is too short')
    : unreadable('truncated', 'it ends in its file meta information')
}

/** PS3.10 table 7.1-1: the file meta information repeats the data set's SOP Class and Instance. */
function requireSame(meta: WalkedMeta, dataset: DicomJson): void {
  const differs = (told: string | undefined, tag: string): boolean => {
    const value = dataset[tag]?.Value?.[0]
    return told !== undefined && told !== '' && value !== undefined && told !== value
  }
  if (differs(meta.sopClassUid, '00080016') || differs(meta.sopInstanceUid, '00080018'))
    throw unreadable('uid-mismatch', 'its file meta information names another SOP instance')
}
