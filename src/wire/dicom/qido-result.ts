/** One QIDO-RS result in the DICOM JSON model (PS3.18 tables 10.6.3-3 to 10.6.3-5). */
import type { DicomJson, DicomJsonElement } from '../../domain/imaging/study.ts'
import type { QueryLevel } from '../../domain/imaging/study-query.ts'

export interface QidoObject {
  readonly level: QueryLevel
  /** Of the hub itself: a source's own address never leaves the house. */
  readonly retrieveUrl: string
  readonly studyUid: string
  readonly studyAttributes: DicomJson
  readonly modalities: readonly string[]
  readonly seriesCount: number
  readonly instanceCount: number
  readonly series?: { readonly uid: string; readonly attributes: DicomJson } | undefined
  readonly seriesInstanceCount?: number | undefined
  readonly instance?:
    | {
        readonly uid: string
        readonly attributes: DicomJson
        readonly transferSyntax: string | null
      }
    | undefined
}

/** Attributes of the levels above that come along: none but the UIDs, those named, or all. */
export type IncludedParents = ReadonlySet<string> | 'all'

/** All that the index has at the object's own level, and of its parents what `include` names. */
export function qidoResult(object: QidoObject, include: IncludedParents): DicomJson {
  const study = studyElements(object)
  const series = seriesElements(object)
  const own = {
    study: () => study,
    series: () => ({ ...chosen(study, include), ...series }),
    instance: () => ({
      ...chosen({ ...study, ...series }, include),
      ...instanceElements(object),
    }),
  }[object.level]()
  return ascending({
    ...own,
    ...uids(object),
    '00080005': element('CS', 'ISO_IR 192'),
    '00080056': element('CS', 'ONLINE'),
    '00081190': element('UR', object.retrieveUrl),
  })
}

type Elements = Readonly<Record<string, DicomJsonElement | undefined>>

function studyElements(object: QidoObject): Elements {
  return {
    ...object.studyAttributes,
    '00080061': element('CS', ...object.modalities),
    '00201206': element('IS', object.seriesCount),
    '00201208': element('IS', object.instanceCount),
  }
}

function seriesElements({ series, seriesInstanceCount }: QidoObject): Elements {
  const count = seriesInstanceCount ?? 0
  return series === undefined ? {} : { ...series.attributes, '00201209': element('IS', count) }
}

function instanceElements({ instance }: QidoObject): Elements {
  if (instance === undefined) return {}
  const { attributes, transferSyntax } = instance
  return transferSyntax === null
    ? attributes
    : { ...attributes, '00083002': element('UI', transferSyntax) }
}

function uids({ studyUid, series, instance }: QidoObject): Elements {
  return {
    '0020000D': element('UI', studyUid),
    '0020000E': series && element('UI', series.uid),
    '00080018': instance && element('UI', instance.uid),
  }
}

function chosen(elements: Elements, include: IncludedParents): Elements {
  if (include === 'all') return elements
  return Object.fromEntries(Object.entries(elements).filter(([tag]) => include.has(tag)))
}

function element(vr: string, ...values: readonly unknown[]): DicomJsonElement {
  return values.length === 0 ? { vr } : { vr, Value: values }
}

function ascending(elements: Elements): DicomJson {
  return Object.fromEntries(
    Object.entries(elements)
      .flatMap(([tag, one]) => (one === undefined ? [] : [[tag, one] as const]))
      .toSorted(([a], [b]) => (a < b ? -1 : 1)),
  )
}
