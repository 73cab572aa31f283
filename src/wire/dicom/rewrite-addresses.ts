/** A source's metadata made the hub's own: no address or title of the source stays in it. */
import type { DicomJson, DicomJsonElement } from '../../domain/imaging/study.ts'

export interface Addresses {
  /** Of the hub's DICOMweb service. */
  readonly service: string
  readonly studyUid: string
  /** What (0008,1190) Retrieve URL becomes. */
  readonly retrieveUrl: string
}

/**
 * (0008,0054) Retrieve AE Title, (0008,1190) Retrieve URL, (0040,E010) Retrieve URI, and the storage media
 * file set ids: where the source keeps things is its own affair.
 */
const WHEREABOUTS = new Set(['00080054', '00081190', '0040E010', '00880130', '00880140'])

/** Bulk data keeps its path below the study, under the hub's address; what is elsewhere is left out. */
export function rewriteAddresses(dataset: DicomJson, to: Addresses): DicomJson {
  const own = rewriteDataset(dataset, to)
  return dataset['00081190'] === undefined
    ? own
    : { ...own, '00081190': { vr: 'UR', Value: [to.retrieveUrl] } }
}

function rewriteDataset(dataset: DicomJson, to: Addresses): DicomJson {
  return Object.fromEntries(
    Object.entries(dataset)
      .filter(([tag]) => !WHEREABOUTS.has(tag))
      .map(([tag, element]) => [tag, rewriteElement(element, to)]),
  )
}

function rewriteElement(element: DicomJsonElement, to: Addresses): DicomJsonElement {
  if (element.vr === 'SQ' && element.Value !== undefined)
    return { vr: 'SQ', Value: element.Value.map((item) => rewriteItem(item, to)) }
  if (element.BulkDataURI === undefined) return element
  const uri = rewriteBulk(element.BulkDataURI, to)
  const { vr, Value } = element
  return {
    vr,
    ...(Value !== undefined && { Value }),
    ...(uri !== undefined && { BulkDataURI: uri }),
  }
}

function rewriteItem(item: unknown, to: Addresses): unknown {
  return isDataset(item) ? rewriteDataset(item, to) : item
}

function isDataset(value: unknown): value is DicomJson {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function rewriteBulk(uri: string, { service, studyUid }: Addresses): string | undefined {
  const path = `/studies/${studyUid}/`
  const at = typeof uri === 'string' ? uri.indexOf(path) : -1
  const below = at < 0 ? '' : uri.slice(at)
  return /^[A-Za-z0-9._~/-]+$/.test(below) && !below.includes('..') ? service + below : undefined
}
