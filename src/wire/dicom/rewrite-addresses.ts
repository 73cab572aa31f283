/** A source's metadata made the hub's own: no address or title of the source stays in it. */
import type { DicomJson } from '../../domain/imaging/study.ts'
import { withoutWhereabouts } from './whereabouts.ts'

export interface Addresses {
  /** What (0008,1190) Retrieve URL becomes. */
  readonly retrieveUrl: string
}

export function rewriteAddresses(dataset: DicomJson, to: Addresses): DicomJson {
  const own = withoutWhereabouts(dataset)
  return dataset['00081190'] === undefined
    ? own
    : { ...own, '00081190': { vr: 'UR', Value: [to.retrieveUrl] } }
}
