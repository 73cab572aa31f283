/** QIDO-RS in the demo archives (PS3.18 section 10.6): matching, and what each level returns. */
import type { DicomJson } from '../domain/imaging/study.ts'
import { lookup } from '../kernel/lookup.ts'
import { TRANSFER_SYNTAX, type ArchivedObject } from './archive-objects.ts'

export type QueryLevel = 'studies' | 'series' | 'instances'

const STUDY = ['00080020', '00080030', '00080050', '00080090', '00080201', '00081030', '00100010']
  .concat(['00100020', '00100021', '00100024', '00100030', '00100040', '0020000D', '00200010'])
  .concat(['00080005'])
const SERIES = ['00080021', '00080031', '00080060', '0008103E', '00180015', '0020000E', '00200011']
const INSTANCE = [
  '00080016',
  '00080018',
  '00200013',
  '00280008',
  '00280010',
  '00280011',
  '00280100',
]

const RETURNED: Readonly<Record<QueryLevel, readonly string[]>> = {
  studies: STUDY,
  series: [...STUDY, ...SERIES],
  instances: [...STUDY, ...SERIES, ...INSTANCE],
}

/** The names QIDO-RS clients use for the matching keys of table 10.6.1-5; anything else goes by tag. */
const KEYWORDS: Readonly<Record<string, string>> = {
  StudyDate: '00080020',
  AccessionNumber: '00080050',
  Modality: '00080060',
  ModalitiesInStudy: '00080061',
  PatientName: '00100010',
  PatientID: '00100020',
  StudyInstanceUID: '0020000D',
  SeriesInstanceUID: '0020000E',
  SOPInstanceUID: '00080018',
  StudyID: '00200010',
}

const NOT_KEYS = new Set(['limit', 'offset', 'includefield', 'fuzzymatching'])

export interface ArchiveQuery {
  readonly level: QueryLevel
  readonly parameters: URLSearchParams
  /** Where the archive is, for RetrieveURL. */
  readonly base: string
}

export interface QueryAnswer {
  readonly results: readonly DicomJson[]
  readonly remaining: number
}

export function answerQuery(
  objects: readonly ArchivedObject[],
  { level, parameters, base }: ArchiveQuery,
): QueryAnswer {
  const matching = groupsOf(objects, level)
    .map((group) => describe(group, level, base))
    .filter((found) => matches(found, parameters))
  const offset = Number(parameters.get('offset') ?? 0)
  const limit = Number(parameters.get('limit') ?? matching.length)
  const results = matching.slice(offset, offset + limit)
  return { results, remaining: Math.max(0, matching.length - offset - results.length) }
}

const KEY_OF: Readonly<Record<QueryLevel, (object: ArchivedObject) => string>> = {
  studies: ({ study }) => study,
  series: ({ series }) => series,
  instances: ({ instance }) => instance,
}

type Group = readonly [ArchivedObject, ...ArchivedObject[]]

function groupsOf(objects: readonly ArchivedObject[], level: QueryLevel): readonly Group[] {
  const groups = new Map<string, [ArchivedObject, ...ArchivedObject[]]>()
  for (const object of objects) {
    const group = groups.get(KEY_OF[level](object))
    if (group === undefined) groups.set(KEY_OF[level](object), [object])
    else group.push(object)
  }
  return [...groups.values()]
}

function describe(group: Group, level: QueryLevel, base: string): DicomJson {
  const [first] = group
  const returned = RETURNED[level].flatMap((tag) => {
    const element = first.attributes[tag]
    return element === undefined ? [] : [[tag, element] as const]
  })
  const added = { ...COUNTS[level](group), '00081190': urlOf(first, level, base) }
  const entries = [...returned, ...Object.entries(added)]
  return Object.fromEntries(entries.toSorted(([a], [b]) => (a < b ? -1 : 1)))
}

const COUNTS: Readonly<Record<QueryLevel, (group: Group) => DicomJson>> = {
  studies: (group) => ({
    '00080061': { vr: 'CS', Value: [...new Set(group.map(modalityOf))] },
    '00201206': { vr: 'IS', Value: [new Set(group.map(({ series }) => series)).size] },
    '00201208': { vr: 'IS', Value: [group.length] },
  }),
  series: (group) => ({ '00201209': { vr: 'IS', Value: [group.length] } }),
  instances: () => ({ '00083002': { vr: 'UI', Value: [TRANSFER_SYNTAX] } }),
}

function modalityOf(object: ArchivedObject): unknown {
  return object.attributes['00080060']?.Value?.[0]
}

function urlOf(object: ArchivedObject, level: QueryLevel, base: string): DicomJson[string] {
  const series = level === 'studies' ? '' : `/series/${object.series}`
  const instance = level === 'instances' ? `/instances/${object.instance}` : ''
  return { vr: 'UR', Value: [`${base}/studies/${object.study}${series}${instance}`] }
}

function matches(found: DicomJson, parameters: URLSearchParams): boolean {
  return [...parameters].every(([key, wanted]) => {
    if (NOT_KEYS.has(key) || wanted === '') return true
    const element = found[lookup(KEYWORDS, key) ?? key]
    const values = (element?.Value ?? []).map(textOf)
    return values.some((value) => valueMatches(value, wanted, element?.vr))
  })
}

function valueMatches(value: string, wanted: string, vr: string | undefined): boolean {
  if (vr === 'DA' && wanted.includes('-')) {
    const [from = '', until = ''] = wanted.split('-')
    return (from === '' || value >= from) && (until === '' || value <= until)
  }
  if (vr === 'UI') return wanted.split(/[,\\]/).includes(value)
  const pattern = wanted
    .replace(/[\\^$.|+()[\]{}]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.')
  return new RegExp(`^${pattern}$`, 'iu').test(value)
}

/** A name's alphabetic group is what is matched. */
function textOf(value: unknown): string {
  if (typeof value === 'object' && value !== null && 'Alphabetic' in value)
    return String(value.Alphabetic)
  return typeof value === 'string' || typeof value === 'number' ? String(value) : ''
}
