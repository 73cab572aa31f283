/** Where a system keeps an object, told in the object's own attributes: its own affair, and nobody else's. */
import type { DicomJson, DicomJsonElement } from '../../domain/imaging/study.ts'

/**
 * Retrieve AE Title, Retrieve URL, Pixel Data Provider URL, Retrieve URI with the sequences that say how to
 * retrieve (PS3.3 section C.17.2), repository and home community, and the storage media file set ids.
 */
export const WHEREABOUTS: ReadonlySet<string> = new Set([
  '00080054',
  '00081190',
  '00287FE0',
  '0040E010',
  '0040E021',
  '0040E022',
  '0040E023',
  '0040E024',
  '0040E025',
  '0040E030',
  '0040E031',
  '00880130',
  '00880140',
])

/**
 * Without them at any depth. An element whose value stands elsewhere is left out too: bulk data is not served,
 * and an element without a value would mean that it is empty (PS3.18 section F.2.5).
 */
export function withoutWhereabouts(dataset: DicomJson): DicomJson {
  return Object.fromEntries(
    Object.entries(dataset)
      .filter(([tag, { BulkDataURI }]) => !WHEREABOUTS.has(tag) && BulkDataURI === undefined)
      .map(([tag, element]) => [tag, withinElement(element)]),
  )
}

function withinElement(element: DicomJsonElement): DicomJsonElement {
  if (element.vr !== 'SQ' || element.Value === undefined) return element
  return { vr: 'SQ', Value: element.Value.map(withinItem) }
}

function withinItem(item: unknown): unknown {
  return isDataset(item) ? withoutWhereabouts(item) : item
}

function isDataset(value: unknown): value is DicomJson {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
