/** What a generated study is told about itself, and what each generated object is. */
import type { DicomJson, DicomJsonElement } from '../../domain/imaging/study.ts'

export const PHANTOM_MODALITIES = ['CT', 'MR', 'DX', 'US'] as const
export type PhantomModality = (typeof PHANTOM_MODALITIES)[number]

export interface PhantomPatient {
  readonly nationalId: string
  /** OID of the assigning authority, without `urn:oid:`. */
  readonly issuerOid: string
  readonly familyName: string
  readonly givenName: string
  /** YYYY-MM-DD */
  readonly birthDate: string
  readonly sex: 'M' | 'F'
}

export interface PhantomStudy {
  readonly uid: string
  readonly modality: PhantomModality
  readonly patient: PhantomPatient
  /** YYYY-MM-DD and HH:MM, local time in Norway. */
  readonly date: string
  readonly time: string
  readonly accession: string
  readonly description: string
  /** (0018,0015), a defined term of PS3.16 annex L. */
  readonly bodyPart: string
  readonly institution: string
  readonly referrer: string
  /** False for an archive that does not say whose patient ids it holds. */
  readonly namesIssuer: boolean
}

export interface PhantomInstance {
  readonly uid: string
  readonly sopClassUid: string
  /** Everything but the pixel data. */
  readonly attributes: DicomJson
  /** Paints them: the same bytes each time. 8 or 16 bits little-endian, as (0028,0100) says. */
  pixels(): Uint8Array
}

/** Keyword-free shorthand: tag, VR, values. */
export type AttributeTable = Readonly<Record<string, readonly [vr: string, ...values: unknown[]]>>

/** In the DICOM JSON model, keys ascending (PS3.18 section F.2.2). */
export function attributes(...tables: readonly AttributeTable[]): DicomJson {
  const entries = tables.flatMap((table) => Object.entries(table))
  entries.sort(([a], [b]) => (a < b ? -1 : 1))
  return Object.fromEntries(entries.map(([tag, [vr, ...values]]) => [tag, element(vr, values)]))
}

function element(vr: string, values: readonly unknown[]): DicomJsonElement {
  return values.length === 0 ? { vr } : { vr, Value: values }
}

export function code(value: string, scheme: string, meaning: string): DicomJson {
  return attributes({
    '00080100': ['SH', value],
    '00080102': ['SH', scheme],
    '00080104': ['LO', meaning],
  })
}
