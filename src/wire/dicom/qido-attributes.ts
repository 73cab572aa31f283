/** What QIDO-RS matches on here (PS3.18 tables 10.6.1-5): tag (or path), level and value representation. */
import type { QueryLevel } from '../../domain/imaging/study-query.ts'

export interface QidoAttribute {
  readonly level: QueryLevel
  readonly vr: 'UI' | 'DA' | 'TM' | 'PN' | 'IS' | 'CS' | 'LO'
}

const study = (vr: QidoAttribute['vr']): QidoAttribute => ({ level: 'study', vr })
const series = (vr: QidoAttribute['vr']): QidoAttribute => ({ level: 'series', vr })
const instance = (vr: QidoAttribute['vr']): QidoAttribute => ({ level: 'instance', vr })

export const QIDO_ATTRIBUTES: Readonly<Record<string, QidoAttribute>> = {
  '00080020': study('DA'),
  '00080030': study('TM'),
  '00080050': study('LO'),
  '00080061': study('CS'),
  '00080090': study('PN'),
  '00081030': study('LO'),
  '00100010': study('PN'),
  '00100020': study('LO'),
  '00100021': study('LO'),
  '00100030': study('DA'),
  '00100040': study('CS'),
  '0020000D': study('UI'),
  '00200010': study('LO'),

  '00080060': series('CS'),
  '0008103E': series('LO'),
  '00180015': series('CS'),
  '0020000E': series('UI'),
  '00200011': series('IS'),
  '00400244': series('DA'),
  '00400245': series('TM'),
  '00400275.00400009': series('LO'),
  '00400275.00401001': series('LO'),

  '00080016': instance('UI'),
  '00080018': instance('UI'),
  '00200013': instance('IS'),
}
