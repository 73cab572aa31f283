/** One deposited object on its way to the landing: its bytes pass once, and its header is read as they do. */
import { createHash } from 'node:crypto'
import { promisify } from 'node:util'
import { gzip, gzipSync } from 'node:zlib'
import { isHubError } from '../kernel/errors.ts'
import type { StudyUid } from '../kernel/ids.ts'
import { lookup } from '../kernel/lookup.ts'
import type { Landing } from '../storage/objects.ts'
import { toInstanceHeader } from '../wire/dicom/instance-header.ts'
import { makeHeadReader, type HeadReader } from '../wire/dicom/read-head.ts'
import type { FailedReference, FailureReason } from '../wire/dicom/stow-response.ts'
import type { DepositedBytes, IndexedInstance } from './register-study.ts'

export interface IncomingPart {
  /** A Part 10 object. A chunk is valid until the next is asked for. */
  readonly body: AsyncIterable<Uint8Array>
}

/** What holds for objects that do not say so themselves. */
export interface DepositDefaults {
  /** (0008,0005), as `ISO_IR 100`. */
  readonly characterSet: string
  /** `urn:oid:…` of patient ids without an issuer; none where undefined. */
  readonly issuer?: string | undefined
}

export interface ReceivedInstance extends IndexedInstance {
  readonly deposited: DepositedBytes
}

export type ReceivedPart =
  | { readonly kind: 'received'; readonly instance: ReceivedInstance }
  | { readonly kind: 'refused'; readonly failure: FailedReference }

export interface Receiving {
  readonly landing: Landing
  /** The study that the request's path names: an object of another is refused. */
  readonly study: StudyUid | undefined
  readonly defaults: DepositDefaults
}

/** A publisher waits for it: little effort gains most of the size, and a few kilobytes need no large window. */
const GZIP = { level: 3, windowBits: 13, memLevel: 6 }

const FAILURES: Readonly<Record<string, FailureReason>> = {
  'header-too-large': 'out-of-resources',
  'too-complex': 'out-of-resources',
  'uid-mismatch': 'does-not-match',
}

/**
 * Leaves nothing of a refused object in the landing. Throws where the landing or the source fails: no
 * fault of this object.
 */
export async function receivePart(
  { body }: IncomingPart,
  { landing, study, defaults }: Receiving,
): Promise<ReceivedPart> {
  const offset = landing.position
  const reader = makeHeadReader({ characterSet: defaults.characterSet })
  const refuse = async (failure: FailedReference): Promise<ReceivedPart> => {
    await landing.rewind(offset)
    return { kind: 'refused', failure }
  }
  try {
    const sha256 = await pour(body, landing, reader)
    const head = await reader.finish()
    const header = toInstanceHeader(head.dataset, {
      transferSyntaxUid: head.transferSyntaxUid,
      defaultIssuer: defaults.issuer,
    })
    const { sopClassUid, instanceUid } = header
    if (study !== undefined && header.studyUid !== study)
      return await refuse({ reason: 'does-not-match', sopClassUid, instanceUid })
    const bytes = landing.position - offset
    const metadata = await compress(JSON.stringify(head.dataset))
    const deposited = { landing: landing.id, offset, bytes, sha256, metadata }
    return { kind: 'received', instance: { header, deposited } }
  } catch (error) {
    if (!isHubError(error, 'unprocessable') && !isHubError(error, 'invalid')) throw error
    return refuse({
      reason: lookup(FAILURES, error.reason ?? '') ?? 'cannot-understand',
      ...reader.told(),
    })
  }
}

/** Returns the SHA-256 of what went by. */
async function pour(
  body: AsyncIterable<Uint8Array>,
  landing: Landing,
  reader: HeadReader,
): Promise<Uint8Array> {
  const hash = createHash('sha256')
  for await (const chunk of body) {
    const looked = reader.push(chunk)
    if (looked !== undefined) await looked
    hash.update(chunk)
    await landing.write(chunk)
  }
  return hash.digest()
}

const compressElsewhere = promisify<string, typeof GZIP, Buffer>(gzip)
/** Characters: below this the work is shorter than the way to another thread. */
const SMALL = 65_536

async function compress(json: string): Promise<Uint8Array> {
  const bytes = json.length < SMALL ? gzipSync(json, GZIP) : await compressElsewhere(json, GZIP)
  // Copied, since the result is a view on a larger buffer and lives until the request is entered.
  return new Uint8Array(bytes)
}
