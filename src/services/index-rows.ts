/** From headers to rows of the index. */
import type { DicomJson, InstanceHeader } from '../domain/imaging/study.ts'
import type { SeriesUid } from '../kernel/ids.ts'
import type { NewInstance } from '../storage/instances.ts'
import type { NewSeries } from '../storage/studies.ts'
import { integerAt, textAt } from '../wire/dicom/attributes.ts'

interface Told {
  readonly header: InstanceHeader
  readonly deposited?: NewInstance['deposited']
}

/** PostgreSQL's `integer`, and PS3.5's IS. */
const MAX_INTEGER = 2 ** 31 - 1

/** One row per series; where its instances differ, the later ones have the last word. */
export function toNewSeries(instances: readonly Told[]): readonly NewSeries[] {
  const series = new Map<SeriesUid, DicomJson>()
  for (const { header } of instances)
    series.set(header.seriesUid, { ...series.get(header.seriesUid), ...header.seriesAttributes })
  return [...series].map(([uid, attributes]) => ({
    series: uid,
    modality: textAt(attributes, '00080060'),
    number: smallInteger(attributes, '00200011'),
    attributes,
  }))
}

export function toNewInstance({ header, deposited }: Told): NewInstance {
  return {
    instance: header.instanceUid,
    series: header.seriesUid,
    sopClass: header.sopClassUid,
    number: smallInteger(header.instanceAttributes, '00200013'),
    transferSyntax: header.transferSyntaxUid,
    attributes: header.instanceAttributes,
    deposited,
  }
}

function smallInteger(attributes: DicomJson, tag: string): number | undefined {
  const number = integerAt(attributes, tag)
  return number !== undefined && Math.abs(number) <= MAX_INTEGER ? number : undefined
}
