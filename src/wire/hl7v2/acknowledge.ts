/**
 * Acknowledgements, in original and enhanced mode (HL7 v2.5, section 2.9). What is echoed is echoed byte
 * for byte, so that they can answer messages whose text cannot be read.
 */
import { ERROR_CODES, type Hl7Problem } from './fault.ts'
import type { Hl7Segment } from './message.ts'

export type Outcome =
  | { readonly kind: 'accepted' }
  /** AE: the content; AR: the message itself, or this hub. */
  | { readonly kind: 'error' | 'rejected'; readonly problems: readonly Hl7Problem[] }

export interface Acknowledging {
  /** MSH of the message; absent where it had none. */
  readonly header: Hl7Segment | undefined
  readonly outcome: Outcome
  /** MSH-10 of the acknowledgement. */
  readonly controlId: string
  readonly at: Date
}

/** The acknowledgements that the message asks for: none, one, or an accept and an application one. */
export function acknowledgements(request: Acknowledging): readonly Uint8Array[] {
  const { header, outcome } = request
  const [accept = '', application = ''] = [header?.fields[15], header?.fields[16]]
  if (accept === '' && application === '') return [acknowledgement(request, 'A')]
  return [
    ...(isAsked(accept, outcome) ? [acknowledgement(request, 'C')] : []),
    ...(isAsked(application, outcome) ? [acknowledgement(request, 'A')] : []),
  ]
}

/** HL7 table 0155; what is none of its values is taken for `AL`: better told twice than not at all. */
function isAsked(condition: string, { kind }: Outcome): boolean {
  if (condition === '' || condition === 'NE') return false
  if (condition === 'ER') return kind !== 'accepted'
  return condition !== 'SU' || kind === 'accepted'
}

const LETTERS = { accepted: 'A', error: 'E', rejected: 'R' } as const

function acknowledgement(request: Acknowledging, mode: 'A' | 'C'): Uint8Array {
  const { header, outcome } = request
  const { field, component } = header?.delimiters ?? { field: '|', component: '^' }
  const problems = outcome.kind === 'accepted' ? [] : outcome.problems
  const [control = '', version = ''] = [header?.fields[10], header?.fields[12]?.split(component)[0]]
  const said = ['MSA', `${mode}${LETTERS[outcome.kind]}`, control, plain(problems[0]?.text ?? '')]
  const places = problems.map((problem) => errorSegment(problem, version, component))
  const lines = [headOf(request, component), said, ...places]
  const text = lines.map((line) => line.join(field).replace(trailing(field), '')).join('\r')
  return Buffer.from(`${text}\r`, 'latin1')
}

/** MSH with sender and receiver changed about; in the default delimiters for a message that named none. */
function headOf({ header, controlId, at }: Acknowledging, component: string): readonly string[] {
  const asked = (field: number): string => header?.fields[field] ?? ''
  const event = asked(9).split(component)[1] ?? ''
  const type = event === '' ? 'ACK' : ['ACK', event, 'ACK'].join(component)
  return [
    ...['MSH', header === undefined ? '^~\\&' : asked(2)],
    ...[asked(5), asked(6), asked(3), asked(4), timestamp(at), '', type, controlId],
    ...[asked(11) || 'P', asked(12) || '2.5', '', '', '', '', '', asked(18)],
  ]
}

function trailing(separator: string): RegExp {
  return new RegExp(`[${separator.replaceAll(/[\\\]^-]/g, '\\$&')}]+$`)
}

/** From 2.5 on ERR tells place, code and text apart; before, ERR-1 has the place and the code. */
function errorSegment(
  { code, text, place }: Hl7Problem,
  version: string,
  component: string,
): readonly string[] {
  const [, segment = '', sequence = '1', field = '', part = '', sub = ''] =
    /^([A-Z][A-Z0-9]{2})(?:\((\d+)\))?(?:-(\d+))?(?:\.(\d+))?(?:\.(\d+))?$/.exec(place ?? '') ?? []
  if (/^2\.[34]/.test(version)) {
    const where = segment === '' ? '' : [segment, sequence, field, code].join(component)
    return ['ERR', where]
  }
  const where = [segment, sequence, field, field === '' ? '' : '1', part, sub]
  const located = segment === '' ? '' : where.join(component).replace(trailing(component), '')
  const named = [code, plain(NAMES[code]), 'HL70357'].join(component)
  return ['ERR', '', located, named, 'E', '', '', '', plain(text)]
}

const NAMES: Readonly<Record<Hl7Problem['code'], string>> = {
  [ERROR_CODES.segmentSequence]: 'Segment sequence error',
  [ERROR_CODES.requiredFieldMissing]: 'Required field missing',
  [ERROR_CODES.dataType]: 'Data type error',
  [ERROR_CODES.tableValueNotFound]: 'Table value not found',
  [ERROR_CODES.unsupportedMessageType]: 'Unsupported message type',
  [ERROR_CODES.unsupportedEvent]: 'Unsupported event code',
  [ERROR_CODES.unsupportedProcessing]: 'Unsupported processing id',
  [ERROR_CODES.unsupportedVersion]: 'Unsupported version id',
  [ERROR_CODES.unknownKey]: 'Unknown key identifier',
  [ERROR_CODES.internal]: 'Application internal error',
}

/** The hub's own texts need no escapes, whatever the delimiters, once they have none of the usual ones. */
function plain(text: string): string {
  return text.replaceAll('’', "'").replaceAll(/[^A-Za-z0-9 .,:;'()/+-]/g, ' ')
}

/** YYYYMMDDHHMMSS+0000 */
function timestamp(at: Date): string {
  return `${at.toISOString().replaceAll(/[-:T]/g, '').slice(0, 14)}+0000`
}
