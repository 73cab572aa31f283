/** Looking into a data set in the DICOM JSON model. */
import type { DicomJson } from '../../domain/imaging/study.ts'

/** The first value as text; undefined where it is absent or empty. */
export function textAt(dataset: DicomJson, tag: string): string | undefined {
  const value = dataset[tag]?.Value?.[0]
  if (typeof value === 'number') return String(value)
  return typeof value === 'string' && value !== '' ? value : undefined
}

/** The first value as a whole number: IS is a number, or text where the writer was careless. */
export function integerAt(dataset: DicomJson, tag: string): number | undefined {
  const number = Number(textAt(dataset, tag) ?? NaN)
  return Number.isSafeInteger(number) ? number : undefined
}

export function itemsAt(dataset: DicomJson, tag: string): readonly DicomJson[] {
  return (dataset[tag]?.Value ?? []).filter(isDataset)
}

/** The alphabetic group of a person name. */
export function personNameAt(dataset: DicomJson, tag: string): string | undefined {
  const value = dataset[tag]?.Value?.[0]
  if (typeof value === 'string') return value === '' ? undefined : value
  return isRecord(value) && typeof value.Alphabetic === 'string' ? value.Alphabetic : undefined
}

/** The elements of `dataset` that `tags` names and that hold something. */
export function pick(dataset: DicomJson, tags: readonly string[]): DicomJson {
  return Object.fromEntries(
    tags.flatMap((tag) => {
      const element = dataset[tag]
      return element?.Value === undefined ? [] : [[tag, element]]
    }),
  )
}

function isDataset(value: unknown): value is DicomJson {
  return isRecord(value) && Object.values(value).every((one) => isRecord(one) && 'vr' in one)
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
