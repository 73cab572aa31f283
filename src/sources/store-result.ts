/** The Store Instances Response Module (PS3.18 annex I) as its receiver reads it. */
import type { DicomJson } from '../domain/imaging/study.ts'

export interface StoreFailure {
  /** Absent for a part that could not be read so far. */
  readonly instance: string | undefined
  /** (0008,1197) Failure Reason (PS3.7 annex C and PS3.18 table I.2-2); undefined where none was given. */
  readonly reason: number | undefined
}

export interface StoreResult {
  /** SOP Instance UIDs that are now with the hub, those that were there before included. */
  readonly stored: readonly string[]
  readonly failures: readonly StoreFailure[]
}

export function readStoreResult(response: DicomJson): StoreResult {
  const failed = [...itemsOf(response, '00081198'), ...itemsOf(response, '0008119A')]
  return {
    stored: itemsOf(response, '00081199').flatMap((item) => uidOf(item) ?? []),
    failures: failed.map((item) => ({ instance: uidOf(item), reason: reasonOf(item) })),
  }
}

function itemsOf(response: DicomJson, tag: string): readonly DicomJson[] {
  return (response[tag]?.Value ?? []).filter(isItem)
}

function isItem(value: unknown): value is DicomJson {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function uidOf(item: DicomJson): string | undefined {
  const uid = item['00081155']?.Value?.[0]
  return typeof uid === 'string' ? uid : undefined
}

function reasonOf(item: DicomJson): number | undefined {
  const reason = item['00081197']?.Value?.[0]
  return typeof reason === 'number' ? reason : undefined
}
