/** The first words of a Part 10 object: enough to know which object it is (PS3.10 section 7.1). */
import { isUid } from '../../domain/imaging/uid.ts'

export interface FileMeta {
  /** (0002,0003) Media Storage SOP Instance UID. */
  readonly instanceUid: string
  /** (0002,0010); null where what stands there is no UID. */
  readonly transferSyntaxUid: string | null
}

const PREAMBLE = 128
const GROUP_LENGTH_END = PREAMBLE + 4 + 12
/** File Meta Information is a few hundred bytes; private information in it may be larger, not endless. */
const LONGEST = 65_536

/** These have a two-byte reserved field and a four-byte length (PS3.5 section 7.1.2). */
const LONG_VRS = new Set(['OB', 'OD', 'OF', 'OL', 'OV', 'OW', 'SQ', 'UC', 'UN', 'UR', 'UT'])

/**
 * Goes by the group length (0002,0000) and throws nothing: `makeHeadReader` is what judges an object.
 *
 * `start` is the beginning of the object. `more` when it is too short to tell; `malformed` where it is not
 * a Part 10 object with File Meta Information that names itself.
 */
export function readFileMeta(start: Buffer): FileMeta | 'more' | 'malformed' {
  if (start.length < GROUP_LENGTH_END) return 'more'
  if (start.toString('latin1', PREAMBLE, PREAMBLE + 4) !== 'DICM') return 'malformed'
  // (0002,0000) UL, always first.
  if (start.readUInt32LE(PREAMBLE + 4) !== 0x0000_0002) return 'malformed'
  const end = GROUP_LENGTH_END + start.readUInt32LE(GROUP_LENGTH_END - 4)
  if (end > LONGEST) return 'malformed'
  if (start.length < end) return 'more'

  const uids = readUids(start.subarray(0, end))
  const instanceUid = uids.get(0x0003)
  const transferSyntaxUid = uids.get(0x0010)
  if (instanceUid === undefined || transferSyntaxUid === undefined) return 'malformed'
  return { instanceUid, transferSyntaxUid: isUid(transferSyntaxUid) ? transferSyntaxUid : null }
}

/** UI elements of group 0002 by element number; File Meta Information is always Explicit VR Little Endian. */
function readUids(meta: Buffer): ReadonlyMap<number, string> {
  const uids = new Map<number, string>()
  for (let at = GROUP_LENGTH_END; at + 8 <= meta.length;) {
    const vr = meta.toString('latin1', at + 4, at + 6)
    const isLong = LONG_VRS.has(vr)
    if (isLong && at + 12 > meta.length) break
    const length = isLong ? meta.readUInt32LE(at + 8) : meta.readUInt16LE(at + 6)
    const value = at + (isLong ? 12 : 8)
    if (value + length > meta.length) break
    if (vr === 'UI' && meta.readUInt16LE(at) === 0x0002)
      uids.set(meta.readUInt16LE(at + 2), textOf(meta.subarray(value, value + length)))
    at = value + length
  }
  return uids
}

const textOf = (bytes: Buffer): string => bytes.toString('latin1').replace(/[\0 ]+$/, '')
