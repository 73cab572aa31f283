/** A DICOM Part 10 object from the DICOM JSON model (PS3.10 section 7), in Explicit VR Little Endian. */
import type { DicomJson } from '../../domain/imaging/study.ts'
import { encodeDataset, encodeElement } from './encode-element.ts'
import { EXPLICIT_LITTLE_ENDIAN } from './transfer-syntaxes.ts'

export interface Part10Object {
  /** Without group 0002 and without pixel data; character set ISO_IR 192. */
  readonly attributes: DicomJson
  /** (7FE0,0010), uncompressed. */
  readonly pixelData?: { readonly vr: 'OB' | 'OW'; readonly bytes: Uint8Array } | undefined
}

const PREAMBLE = Buffer.concat([Buffer.alloc(128), Buffer.from('DICM')])
/** PS3.7 annex D.3.3.2: which implementation wrote the object. */
const IMPLEMENTATION_CLASS_UID = '2.25.221098441953216549287313062935710233118'
const IMPLEMENTATION_VERSION = 'SAMSYN_1'
const PIXEL_DATA = '7FE00010'

/** Throws TypeError where SOP Class or SOP Instance UID is missing, or a VR is not known. */
export function writePart10({ attributes, pixelData }: Part10Object): Buffer {
  const parts = [PREAMBLE, fileMeta(attributes), encodeDataset(attributes)]
  if (pixelData !== undefined) parts.push(encodeElement(PIXEL_DATA, pixelData.vr, pixelData.bytes))
  return Buffer.concat(parts)
}

function fileMeta(attributes: DicomJson): Buffer {
  const meta = encodeDataset({
    '00020001': { vr: 'OB', InlineBinary: 'AAE=' },
    '00020002': { vr: 'UI', Value: [uidOf(attributes, '00080016')] },
    '00020003': { vr: 'UI', Value: [uidOf(attributes, '00080018')] },
    '00020010': { vr: 'UI', Value: [EXPLICIT_LITTLE_ENDIAN] },
    '00020012': { vr: 'UI', Value: [IMPLEMENTATION_CLASS_UID] },
    '00020013': { vr: 'SH', Value: [IMPLEMENTATION_VERSION] },
  })
  return Buffer.concat([encodeDataset({ '00020000': { vr: 'UL', Value: [meta.length] } }), meta])
}

function uidOf(attributes: DicomJson, tag: string): string {
  const uid = attributes[tag]?.Value?.[0]
  if (typeof uid !== 'string') throw new TypeError(`An object needs (${tag})`)
  return uid
}
