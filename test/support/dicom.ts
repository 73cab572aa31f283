/** Valid Part 10 CT objects of any size, from a few options; every value is synthetic. */
import { randomUUID } from 'node:crypto'
import type { DicomJson, DicomJsonElement } from '../../src/domain/imaging/study.ts'
import { writePart10 } from '../../src/wire/dicom/write-part10.ts'

export interface CtOptions {
  readonly studyUid?: string | undefined
  readonly seriesUid?: string | undefined
  readonly instanceUid?: string | undefined
  readonly instanceNumber?: number | undefined
  readonly patientId?: string | undefined
  /** Of (0010,0024), without `urn:oid:`; none where undefined. */
  readonly issuerOid?: string | undefined
  readonly patientName?: string | undefined
  /** YYYYMMDD */
  readonly birthDate?: string | undefined
  readonly modality?: string | undefined
  readonly bodyPart?: string | undefined
  readonly studyDate?: string | undefined
  /** Rows and columns; two bytes a pixel. */
  readonly size?: number | undefined
  /** Replaces or adds attributes. */
  readonly attributes?: DicomJson | undefined
}

const CT_IMAGE_STORAGE = '1.2.840.10008.5.1.4.1.1.2'

/** A new UID (PS3.5 annex B.2). */
export function newUid(): string {
  return `2.25.${BigInt(`0x${randomUUID().replaceAll('-', '')}`)}`
}

export function ctAttributes(options: CtOptions = {}): DicomJson {
  const size = options.size ?? 16
  return {
    '00080005': element('CS', 'ISO_IR 192'),
    '00080008': element('CS', 'ORIGINAL', 'PRIMARY', 'AXIAL'),
    '00080016': element('UI', CT_IMAGE_STORAGE),
    '00080018': element('UI', options.instanceUid ?? newUid()),
    '00080020': element('DA', options.studyDate ?? '20250314'),
    '00080030': element('TM', '101500'),
    '00080050': element('SH', 'ACC1'),
    '00080060': element('CS', options.modality ?? 'CT'),
    '00080090': element('PN', { Alphabetic: 'Lege^Prøve' }),
    '00081030': element('LO', 'CT Thorax'),
    '0008103E': element('LO', 'Lunge'),
    ...patient(options),
    '00180015': element('CS', options.bodyPart ?? 'CHEST'),
    '0020000D': element('UI', options.studyUid ?? newUid()),
    '0020000E': element('UI', options.seriesUid ?? newUid()),
    '00200010': element('SH', 'S1'),
    '00200011': element('IS', 1),
    '00200013': element('IS', options.instanceNumber ?? 1),
    '00200032': element('DS', -125, -125, options.instanceNumber ?? 1),
    '00280002': element('US', 1),
    '00280004': element('CS', 'MONOCHROME2'),
    '00280010': element('US', size),
    '00280011': element('US', size),
    '00280030': element('DS', 0.5, 0.5),
    '00280100': element('US', 16),
    '00280101': element('US', 12),
    '00280102': element('US', 11),
    '00280103': element('US', 0),
    ...options.attributes,
  }
}

/** A whole object; its pixels depend on the instance number, so that two objects differ. */
export function ctObject(options: CtOptions = {}): Buffer {
  const size = options.size ?? 16
  const bytes = Buffer.alloc(size * size * 2)
  for (let at = 0; at < bytes.length; at += 1)
    bytes[at] = (at * 31 + (options.instanceNumber ?? 1) * 7 + (at >> 9)) & 0xff
  return writePart10({ attributes: ctAttributes(options), pixelData: { vr: 'OW', bytes } })
}

/** Objects of one series, in order. */
export function ctSeries(count: number, options: CtOptions = {}): readonly Buffer[] {
  const studyUid = options.studyUid ?? newUid()
  const seriesUid = options.seriesUid ?? newUid()
  return Array.from({ length: count }, (_, at) =>
    ctObject({ ...options, studyUid, seriesUid, instanceNumber: at + 1 }),
  )
}

export function element(vr: string, ...values: readonly unknown[]): DicomJsonElement {
  return { vr, Value: values }
}

function patient(options: CtOptions): DicomJson {
  return {
    '00100010': element('PN', { Alphabetic: options.patientName ?? 'Ødegård^Åse' }),
    '00100020': element('LO', options.patientId ?? '17858550084'),
    ...issuer(options.issuerOid),
    '00100030': element('DA', options.birthDate ?? '19850517'),
    '00100040': element('CS', 'F'),
  }
}

function issuer(oid: string | undefined): DicomJson {
  if (oid === undefined) return {}
  return {
    '00100024': element('SQ', { '00400032': element('UT', oid), '00400033': element('CS', 'ISO') }),
  }
}
