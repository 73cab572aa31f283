/**
 * Sample objects given a synthetic patient and identifiers of their own, with every other byte left as
 * it is: dcmtk's dcmodify does it, and where dcmtk cannot read a syntax (HTJ2K), elements are spliced in.
 */
import { execFileSync } from 'node:child_process'
import fs from 'node:fs'

export interface Identity {
  readonly patientId: string
  readonly issuer: string
  readonly name: string
  /** YYYYMMDD */
  readonly birthDate: string
  readonly studyUid: string
  readonly seriesUid: string
  readonly instanceUid: string
}

const TAGS: readonly (readonly [tag: number, vr: string, key: keyof Identity])[] = [
  [0x0008_0018, 'UI', 'instanceUid'],
  [0x0010_0010, 'PN', 'name'],
  [0x0010_0020, 'LO', 'patientId'],
  [0x0010_0021, 'LO', 'issuer'],
  [0x0010_0030, 'DA', 'birthDate'],
  [0x0020_000d, 'UI', 'studyUid'],
  [0x0020_000e, 'UI', 'seriesUid'],
]

/** Rewrites `file` in place. */
export function retag(dcmodify: string, file: string, identity: Identity): void {
  const original = fs.readFileSync(file)
  const edits = TAGS.flatMap(([tag, , key]) => ['-i', `(${path(tag)})=${identity[key]}`])
  try {
    execFileSync(dcmodify, ['-nb', '-ie', ...edits, file], { stdio: 'pipe' })
  } catch {
    fs.writeFileSync(file, splice(original, identity))
  }
}

function path(tag: number): string {
  const hex = tag.toString(16).padStart(8, '0')
  return `${hex.slice(0, 4)},${hex.slice(4)}`
}

const LONG_VRS = new Set(['OB', 'OW', 'OF', 'OD', 'OL', 'OV', 'SQ', 'UC', 'UN', 'UR', 'UT'])

/** Explicit VR little endian, top-level elements of defined length up to group 0020 only. */
function splice(file: Buffer, identity: Identity): Buffer {
  const wanted = [...TAGS]
  const out = [file.subarray(0, 132)]
  let at = 132
  while (at < file.length) {
    const tag = file.readUInt16LE(at) * 0x1_0000 + file.readUInt16LE(at + 2)
    for (let next = wanted[0]; next !== undefined && next[0] <= tag; next = wanted[0]) {
      wanted.shift()
      if (next[0] === tag) at += elementLength(file, at)
      out.push(element(next[0], next[1], identity[next[2]]))
      if (next[0] === tag) break
    }
    if (wanted.length === 0) break
    if (at < file.length && file.readUInt16LE(at) * 0x1_0000 + file.readUInt16LE(at + 2) === tag) {
      const length = elementLength(file, at)
      out.push(file.subarray(at, at + length))
      at += length
    }
  }
  return withMediaStorageUid(Buffer.concat([...out, file.subarray(at)]), identity.instanceUid)
}

function elementLength(file: Buffer, at: number): number {
  const vr = file.toString('latin1', at + 4, at + 6)
  return LONG_VRS.has(vr) ? 12 + file.readUInt32LE(at + 8) : 8 + file.readUInt16LE(at + 6)
}

function element(tag: number, vr: string, text: string): Buffer {
  const padding = vr === 'UI' ? '\0' : ' '
  const value = Buffer.from(text.length % 2 === 0 ? text : text + padding, 'latin1')
  const head = Buffer.alloc(8)
  head.writeUInt16LE(Math.floor(tag / 0x1_0000), 0)
  head.writeUInt16LE(tag % 0x1_0000, 2)
  head.write(vr, 4, 'latin1')
  head.writeUInt16LE(value.length, 6)
  return Buffer.concat([head, value])
}

/** (0002,0003) must name the object too, and (0002,0000) must keep count of the group. */
function withMediaStorageUid(file: Buffer, instanceUid: string): Buffer {
  const group = 132 + 12
  const end = group + file.readUInt32LE(132 + 8)
  const parts: Buffer[] = []
  for (let at = group; at < end; at += elementLength(file, at)) {
    const isUid = file.readUInt16LE(at + 2) === 0x0003
    parts.push(
      isUid
        ? element(0x0002_0003, 'UI', instanceUid)
        : file.subarray(at, at + elementLength(file, at)),
    )
  }
  const meta = Buffer.concat(parts)
  const head = Buffer.from(file.subarray(0, group))
  head.writeUInt32LE(meta.length, 132 + 8)
  return Buffer.concat([head, meta, file.subarray(end)])
}
