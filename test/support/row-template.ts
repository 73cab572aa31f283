/**
 * Rows for loading by the million: a resource and what the hub finds it by are worked out once with marks in the
 * place of what differs, and each row fills the marks in.
 */
import type { JsonObject } from '../../src/wire/fhir/json.ts'
import { searchValues } from '../../src/wire/fhir/search-values.ts'
import { copyValue } from './copy-in.ts'

export interface RowFacts {
  readonly custodian: string | null
  readonly patient: string | null
  readonly studyUids: readonly string[]
  readonly modalities: readonly string[]
  readonly bodyRegions: readonly string[]
  readonly started: string | null
}

/** Columns of `STAGE`, in order. */
export const STAGED_COLUMNS = [
  ...['last_updated', 'date_from', 'date_until', 'started', 'type', 'id', 'custodian', 'patient'],
  ...['study_uids', 'modalities', 'body_regions', 'keys', 'refs', 'compared', 'content'],
] as const

/** A mark that is a time: whatever the hub makes of it (zones, the end of its second) is filled in too. */
export const TIME_MARK = '2001-02-03T04:05:06Z'

/** What the marks of a row stand for; `time` in milliseconds since 1970, a whole second. */
export interface Filling {
  readonly marks: Readonly<Record<string, string>>
  readonly time: number
}

export type RowTemplate = (filling: Filling) => string

/** `marks` are the texts to fill in, which occur nowhere else. */
export function rowTemplate(
  resource: JsonObject,
  facts: RowFacts,
  marks: readonly string[],
): RowTemplate {
  const type = String(resource.resourceType)
  const { keys, refs, compared, date } = searchValues(resource)
  const studyKeys = type === 'ImagingStudy' ? [] : facts.studyUids.map((uid) => `study|${uid}`)
  const { id, meta, ...body } = resource
  const stored = {
    resourceType: type,
    id,
    meta: { versionId: '1', lastUpdated: '2001-02-03T04:05:06.000Z', ...(meta as object) },
    ...body,
  }
  const values: Readonly<Record<(typeof STAGED_COLUMNS)[number], string | null>> = {
    last_updated: '2001-02-03T04:05:06.000Z',
    date_from: date?.from.toISOString() ?? null,
    date_until: date?.until.toISOString() ?? null,
    started: facts.started,
    type,
    id: String(id),
    custodian: facts.custodian,
    patient: facts.patient,
    study_uids: array(facts.studyUids),
    modalities: array(facts.modalities),
    body_regions: array(facts.bodyRegions),
    keys: array([...keys, ...studyKeys]),
    refs: array(refs),
    compared: Object.keys(compared).length === 0 ? null : JSON.stringify(compared),
    content: JSON.stringify(stored),
  }
  const line = STAGED_COLUMNS.map((column) => copyValue(values[column])).join('\t')
  return fill(`${line}\n`, marks)
}

/** The mark's own second, its end a second later, with and without milliseconds. */
const TIMES: Readonly<Record<string, (time: number) => string>> = {
  '2001-02-03T04:05:06Z': (time) => `${iso(time).slice(0, 19)}Z`,
  '2001-02-03T04:05:06.000Z': iso,
  '2001-02-03T04:05:06.001Z': (time) => iso(time + 1),
  '2001-02-03T04:05:07.000Z': (time) => iso(time + 1000),
}

function iso(time: number): string {
  return new Date(time).toISOString()
}

function fill(line: string, marks: readonly string[]): RowTemplate {
  const pattern = new RegExp([...Object.keys(TIMES), ...marks].map(escape).join('|'), 'g')
  const texts = line.split(pattern)
  const names = line.match(pattern) ?? []
  return ({ marks: values, time }) => {
    let row = texts[0] ?? ''
    const times: Record<string, string> = {}
    for (const [index, name] of names.entries()) {
      const timed = TIMES[name]
      const value = timed === undefined ? values[name] : (times[name] ??= timed(time))
      row += `${value ?? name}${texts[index + 1] ?? ''}`
    }
    return row
  }
}

function escape(text: string): string {
  return text.replaceAll('.', String.raw`\.`)
}

function array(values: readonly string[]): string {
  return `{${values.map((value) => `"${value.replaceAll(/["\\]/g, String.raw`\$&`)}"`).join(',')}}`
}
