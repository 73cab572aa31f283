/** A source's metadata made the hub's own: no address or title of the source stays in it. */
import type { DicomJson, DicomJsonElement } from '../../domain/imaging/study.ts'

export interface Addresses {
  /** What (0008,1190) Retrieve URL becomes. */
  readonly retrieveUrl: string
}

/**
 * (0008,0054) Retrieve AE Title, (0008,1190) Retrieve URL, (0040,E010) Retrieve URI, and the storage media
 * file set ids: where the source keeps things is its own affair.
 */
const WHEREABOUTS = new Set(['00080054', '00081190', '0040E010', '00880130', '00880140'])

/**
 * An element whose value stands elsewhere is left out, as it is of what the hub holds itself: bulk data is
 * not served, and an element without a value would mean that it is empty (PS3.18 section F.2.5).
 */
export function rewriteAddresses(dataset: DicomJson, to: Addresses): DicomJson {
  const own = rewriteDataset(dataset)
  return dataset['00081190'] === undefined
    ? own
    : { ...own, '00081190': { vr: 'UR', Value: [to.retrieveUrl] } }
}

function rewriteDataset(dataset: DicomJson): DicomJson {
  return Object.fromEntries(
    Object.entries(dataset)
      .filter(([tag, { BulkDataURI }]) => !WHEREABOUTS.has(tag) && BulkDataURI === undefined)
      .map(([tag, element]) => [tag, rewriteElement(element)]),
  )
}

function rewriteElement(element: DicomJsonElement): DicomJsonElement {
  if (element.vr !== 'SQ' || element.Value === undefined) return element
  return { vr: 'SQ', Value: element.Value.map(rewriteItem) }
}

function rewriteItem(item: unknown): unknown {
  return isDataset(item) ? rewriteDataset(item) : item
}

function isDataset(value: unknown): value is DicomJson {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
