/** The text and the documents of a report, from its OBX segments. */
import type { ReceivedReport, ReportDocument, ReportSection } from '../../domain/imaging/report.ts'
import { lookup } from '../../kernel/lookup.ts'
import { ERROR_CODES, Hl7Fault } from './fault.ts'
import {
  partOf,
  repetitionsOf,
  textOfField,
  valueAt,
  type Hl7Repetition,
  type Hl7Segment,
} from './message.ts'
import type { ReportGroup } from './report-groups.ts'

const LOINC = 'http://loinc.org'

/** Suffixes of OBX-3 (chapter 7, "Coding schemes"), which senders also use alone. */
const HEADINGS: Readonly<Record<string, ReportSection['heading'] & { readonly concludes?: true }>> =
  {
    GDT: { system: LOINC, code: '59776-5', display: 'Findings' },
    IMP: { system: LOINC, code: '19005-8', display: 'Impression', concludes: true },
    REC: { system: LOINC, code: '18783-1', display: 'Recommendation', concludes: true },
    ADT: { display: 'Addendum' },
  }

type Content = Pick<ReceivedReport, 'sections' | 'documents'>

/** Lines of one heading are one section; an observation that was taken out (OBX-11 D, W) has none. */
export function readContent({ obx, others }: ReportGroup): Content {
  const live = obx.filter((segment) => !['D', 'W'].includes(valueAt(segment, '11') ?? ''))
  const lines = live.filter((segment) => TEXTS.has(valueAt(segment, '2') ?? ''))
  const documents = live.filter((segment) => valueAt(segment, '2') === 'ED')
  const notes = others
    .filter(({ name }) => name === 'NTE')
    .map((note) => textOfField(note, 3) ?? '')
  return {
    sections: [...sectionsOf(lines), ...commentOf(notes)],
    documents: documents.map(readDocument),
  }
}

const TEXTS: ReadonlySet<string> = new Set(['TX', 'FT', 'ST', 'CE', 'CWE'])

export function isAddendum(obx: Hl7Segment): boolean {
  return headingKey(obx) === 'ADT'
}

function sectionsOf(lines: readonly Hl7Segment[]): readonly ReportSection[] {
  const sections: { readonly key: string; readonly heading: Hl7Segment; text: string }[] = []
  for (const line of lines) {
    const key = headingKey(line)
    const text = textOf(line)
    const last = sections.at(-1)
    if (last?.key === key) last.text += `\n${text}`
    else sections.push({ key, heading: line, text })
  }
  return sections
    .filter(({ text }) => text.trim() !== '')
    .map(({ key, heading, text }) => ({ ...headingOf(key, heading), text: text.trim() }))
}

/** NTE-3 of the examination and of its observations. */
function commentOf(notes: readonly string[]): readonly ReportSection[] {
  const text = notes.join('\n').trim()
  return text === '' ? [] : [{ heading: { display: 'Comment' }, text, concludes: false }]
}

/** A repetition is a line, and so is a segment of its own (OBX-4 counts them); FT has its own line ends. */
function textOf(line: Hl7Segment): string {
  const type = valueAt(line, '2')
  if (type === 'CE' || type === 'CWE') return valueAt(line, '5.2') ?? valueAt(line, '5.1') ?? ''
  const { repetition } = line.delimiters
  const raw = (line.fields[5] ?? '').replaceAll(repetition, '\n')
  const fields = line.fields.with(5, raw)
  return line.fields.length > 5 ? (textOfField({ ...line, fields }, 5) ?? '') : ''
}

/** OBX-3.1 is `code&IMP`, `IMP`, or a code of the sender's own that says nothing here. */
function headingKey(obx: Hl7Segment): string {
  const code = repetitionsOf(obx, 3)[0]
  if (code === undefined) return ''
  const suffix = partOf(code, 1, 2) ?? ''
  const alone = partOf(code, 1) ?? ''
  if (lookup(HEADINGS, suffix) !== undefined) return suffix
  if (lookup(HEADINGS, alone) !== undefined) return alone
  const named = Object.entries(HEADINGS).find(
    ([, { code: loinc }]) => loinc === alone && partOf(code, 3) === 'LN',
  )
  return named?.[0] ?? ''
}

function headingOf(key: string, obx: Hl7Segment): Omit<ReportSection, 'text'> {
  const known = lookup(HEADINGS, key)
  if (known === undefined) {
    const display = valueAt(obx, '3.2')
    return { concludes: false, ...(display !== undefined && { heading: { display } }) }
  }
  const { concludes = false, ...heading } = known
  return { heading, concludes }
}

const CONTENT_TYPES: Readonly<Record<string, string>> = {
  PDF: 'application/pdf',
  RTF: 'application/rtf',
  PLAIN: 'text/plain',
  JPEG: 'image/jpeg',
  PNG: 'image/png',
}

/** ED: source ^ type ^ subtype ^ encoding ^ data. */
function readDocument(obx: Hl7Segment): ReportDocument {
  const [ed] = repetitionsOf(obx, 5)
  const data = ed === undefined ? undefined : partOf(ed, 5)?.replaceAll(/\s+/g, '')
  const place = `OBX(${obx.sequence})-5`
  if (ed === undefined || data === undefined) throw wrong(place, 'Has no document')
  if (partOf(ed, 4) !== 'Base64') throw wrong(place, 'A document is sent as Base64')
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(data) || data.length % 4 !== 0)
    throw wrong(place, 'Is not Base64')
  return { contentType: contentTypeOf(ed, place), data, title: valueAt(obx, '3.2') }
}

/** Senders write `PDF` as type or subtype, or a media type whole. */
function contentTypeOf(ed: Hl7Repetition, place: string): string {
  const [type = '', subtype = ''] = [partOf(ed, 2), partOf(ed, 3)]
  const whole = [`${type}/${subtype}`, type, subtype].map((one) => one.toLowerCase())
  const known = Object.values(CONTENT_TYPES).find((one) => whole.includes(one))
  const byName = [subtype, type].map((one) => lookup(CONTENT_TYPES, one.toUpperCase()))
  const contentType = known ?? byName.find((one) => one !== undefined)
  if (contentType !== undefined) return contentType
  throw wrong(place, 'Is a document of a type that is not taken here')
}

function wrong(place: string, text: string): Hl7Fault {
  return new Hl7Fault({ code: ERROR_CODES.dataType, text, place })
}
