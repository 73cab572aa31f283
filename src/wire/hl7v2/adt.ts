/** Identity messages: ADT^A01, A04, A05, A08, A28, A31 tell of a patient, A40 says that two are one (HL7 v2.5, section 3.3). */
import type { PatientClaim } from '../../domain/imaging/study.ts'
import { ERROR_CODES, Hl7Fault } from './fault.ts'
import { readHeader, rejection } from './header.ts'
import {
  firstSegment,
  partOf,
  repetitionsOf,
  valueAt,
  type Hl7Message,
  type Hl7Repetition,
  type Hl7Segment,
} from './message.ts'
import { patientClaimOf, toDate, type Authorities } from './patient-claim.ts'

export interface ToldId {
  /** Absent where the sender names no authority, and has no other. */
  readonly system?: string | undefined
  readonly value: string
  /** YYYY-MM-DD, of CX-7 and CX-8. */
  readonly start?: string | undefined
  readonly end?: string | undefined
}

export interface ToldName {
  readonly use: 'official' | 'maiden' | 'old' | 'usual'
  readonly family?: string | undefined
  readonly given: readonly string[]
}

/** What a message says of a patient; what it leaves out it says nothing of. */
export interface ToldPatient {
  readonly ids: readonly ToldId[]
  /** The same as objects say it of their patients. */
  readonly claim: PatientClaim
  readonly names: readonly ToldName[]
  readonly address?: ToldAddress | undefined
  readonly phone?: string | undefined
  /** PID-30; where PID-29 says when, that. */
  readonly deceased?: boolean | string | undefined
}

export interface ToldAddress {
  readonly line?: string | undefined
  readonly city?: string | undefined
  readonly postalCode?: string | undefined
  readonly country?: string | undefined
}

export type IdentityEvent =
  | { readonly kind: 'told'; readonly patient: ToldPatient }
  | {
      readonly kind: 'merged'
      readonly survivor: ToldPatient
      /** Ids that the survivor's stand for from now on: MRG-1. */
      readonly replaced: readonly ToldId[]
    }

const TELLING: ReadonlySet<string> = new Set(['A01', 'A04', 'A05', 'A08', 'A28', 'A31'])
/** A batch of merges in one message; more are sent one by one. */
const MOST_MERGES = 50

/** Throws `Hl7Fault` with the place of what is missing, and rejects events that are none of these. */
export function readAdt(message: Hl7Message, authorities: Authorities): readonly IdentityEvent[] {
  const { event } = readHeader(message.header)
  if (event === 'A40') return readMerges(message, authorities)
  if (!TELLING.has(event))
    throw rejection(
      ERROR_CODES.unsupportedEvent,
      'MSH-9.2',
      'A01, A04, A05, A08, A28, A31 and A40 are received here',
    )
  const pid = firstSegment(message, 'PID')
  if (pid === undefined) throw missing('PID')
  return [{ kind: 'told', patient: readPatient(pid, authorities) }]
}

/** Each MRG belongs to the PID before it. */
function readMerges(message: Hl7Message, authorities: Authorities): readonly IdentityEvent[] {
  const events: IdentityEvent[] = []
  let pid: Hl7Segment | undefined
  for (const segment of message.segments) {
    if (segment.name === 'PID') pid = segment
    if (segment.name !== 'MRG') continue
    if (pid === undefined) throw missing('PID')
    const replaced = idsOf(segment, 1, authorities)
    if (replaced.length === 0) throw noId(`MRG(${segment.sequence})-1`)
    events.push({ kind: 'merged', survivor: readPatient(pid, authorities), replaced })
  }
  if (events.length === 0) throw missing('MRG')
  if (events.length <= MOST_MERGES) return events
  const text = `At most ${MOST_MERGES} merges come in one message`
  throw new Hl7Fault({ code: ERROR_CODES.segmentSequence, text, place: 'MRG' })
}

function readPatient(pid: Hl7Segment, authorities: Authorities): ToldPatient {
  const claim = patientClaimOf(pid, authorities)
  const ids = idsOf(pid, 3, authorities)
  if (ids.length === 0) throw noId(`PID(${pid.sequence})-3`)
  return {
    ids,
    claim,
    names: repetitionsOf(pid, 5).slice(0, MOST_NAMES).flatMap(readName),
    address: readAddress(pid),
    phone: valueAt(pid, '13.12') ?? valueAt(pid, '13'),
    deceased: readDeath(pid),
  }
}

const MOST_NAMES = 10

/** Of the field alone: a claim of a patient takes other fields' ids in. */
function idsOf(segment: Hl7Segment, field: number, authorities: Authorities): readonly ToldId[] {
  const raw = segment.fields[field] ?? ''
  const alone = { ...segment, name: 'PID', fields: ['PID', '', '', raw] }
  const { id, issuer, otherIds } = patientClaimOf(alone, authorities)
  const periods = new Map(repetitionsOf(segment, field).map((cx) => [partOf(cx, 1), periodOf(cx)]))
  const ids = id === undefined ? otherIds : [{ id, issuer }, ...otherIds]
  return ids.map((one) => ({ system: one.issuer, value: one.id, ...periods.get(one.id) }))
}

function periodOf(cx: Hl7Repetition): Pick<ToldId, 'start' | 'end'> {
  return { start: toDate(partOf(cx, 7)), end: toDate(partOf(cx, 8)) }
}

/** HL7 table 0200; what has no type is the name that counts. */
const USES: Readonly<Record<string, ToldName['use']>> = {
  M: 'maiden',
  A: 'old',
  B: 'old',
  D: 'usual',
  N: 'usual',
}

function readName(xpn: Hl7Repetition): readonly ToldName[] {
  const family = partOf(xpn, 1)
  const given = [partOf(xpn, 2), partOf(xpn, 3)].flatMap((part) => part?.split(/\s+/) ?? [])
  if (family === undefined && given.length === 0) return []
  return [{ use: USES[partOf(xpn, 7) ?? ''] ?? 'official', family, given }]
}

function readAddress(pid: Hl7Segment): ToldAddress | undefined {
  const address = {
    line: valueAt(pid, '11.1'),
    city: valueAt(pid, '11.3'),
    postalCode: valueAt(pid, '11.5'),
    country: valueAt(pid, '11.6'),
  }
  return Object.values(address).every((part) => part === undefined) ? undefined : address
}

function readDeath(pid: Hl7Segment): boolean | string | undefined {
  const indicator = valueAt(pid, '30')
  if (indicator === 'N') return false
  return toDate(valueAt(pid, '29')) ?? (indicator === 'Y' ? true : undefined)
}

function missing(place: string): Hl7Fault {
  const text = 'The message needs this segment'
  return new Hl7Fault({ code: ERROR_CODES.segmentSequence, text, place })
}

function noId(place: string): Hl7Fault {
  const text = 'Has no id of an authority that the sender speaks for'
  return new Hl7Fault({ code: ERROR_CODES.requiredFieldMissing, text, place })
}
