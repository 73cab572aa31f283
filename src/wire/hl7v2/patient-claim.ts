/** What PID says about whose a message is (HL7 v2.5, section 3.4.2). */
import { NATIONAL_ID_SYSTEMS, isNationalSystem } from '../../domain/identity/national-id.ts'
import type { PatientClaim } from '../../domain/imaging/study.ts'
import { isUid } from '../../domain/imaging/uid.ts'
import { lookup } from '../../kernel/lookup.ts'
import { partOf, repetitionsOf, valueAt, type Hl7Repetition, type Hl7Segment } from './message.ts'

/** The assigning authorities that a sender may speak for. */
export interface Authorities {
  /** `urn:oid:…` by the name that the sender has for it (CX-4.1). */
  readonly byName: Readonly<Record<string, string>>
  /** Of ids that come with none; absent where such an id says nothing, unless it is a national one. */
  readonly default?: string | undefined
}

/** Identifier types of HL7 table 0203, and of Volven 8268 (no-basis), that name the authority by themselves. */
const AUTHORITY_BY_TYPE: Readonly<Record<string, string>> = {
  FNR: NATIONAL_ID_SYSTEMS.fnr,
  NNNOR: NATIONAL_ID_SYSTEMS.fnr,
  DNR: NATIONAL_ID_SYSTEMS.dnr,
  FHN: NATIONAL_ID_SYSTEMS.fh,
}

const SEXES: Readonly<Record<string, PatientClaim['sex']>> = {
  M: 'male',
  F: 'female',
  O: 'other',
  A: 'other',
}

/** The national id first; ids of authorities that the sender does not speak for are none it can claim. */
export function patientClaimOf(pid: Hl7Segment, authorities: Authorities): PatientClaim {
  const told = [3, 2, 4].flatMap((field) => claimedIds(pid, field, authorities))
  const national = nationalNumber(pid)
  const ids = [...told.filter(isNational), ...national, ...told.filter((id) => !isNational(id))]
  const [main, ...otherIds] = ids.filter(
    (one, at) =>
      ids.findIndex((other) => other.id === one.id && other.issuer === one.issuer) === at,
  )
  return { id: main?.id, issuer: main?.issuer, otherIds, ...demographicsOf(pid) }
}

/** PID-5, PID-7 and PID-8. */
function demographicsOf(
  pid: Hl7Segment,
): Pick<PatientClaim, 'familyName' | 'givenName' | 'birthDate' | 'sex'> {
  const given = [valueAt(pid, '5.2'), valueAt(pid, '5.3')].filter((name) => name !== undefined)
  return {
    familyName: valueAt(pid, '5.1'),
    givenName: given.length === 0 ? undefined : given.join(' '),
    birthDate: toDate(valueAt(pid, '7')),
    sex: lookup(SEXES, valueAt(pid, '8') ?? ''),
  }
}

type ClaimedId = PatientClaim['otherIds'][number]

function claimedIds(
  pid: Hl7Segment,
  field: number,
  authorities: Authorities,
): readonly ClaimedId[] {
  return repetitionsOf(pid, field).flatMap((cx) => {
    const id = partOf(cx, 1)
    if (id === undefined) return []
    const authority = authorityOf(cx, authorities)
    return authority === 'unknown' ? [] : [{ id, issuer: authority }]
  })
}

/** Undefined where none is named and the sender has no default. */
function authorityOf(
  cx: Hl7Repetition,
  { byName, default: otherwise }: Authorities,
): string | undefined {
  const byType = lookup(AUTHORITY_BY_TYPE, partOf(cx, 5) ?? '')
  if (byType !== undefined) return byType
  const [name, universal] = [partOf(cx, 4, 1), partOf(cx, 4, 2)]
  if (universal !== undefined) {
    const urn = isUid(universal) ? `urn:oid:${universal}` : universal
    const spokenFor = isNationalSystem(urn) || Object.values(byName).includes(urn)
    return spokenFor || urn === otherwise ? urn : 'unknown'
  }
  if (name !== undefined) return lookup(byName, name) ?? 'unknown'
  return otherwise
}

/** PID-19, where older messages have it. */
function nationalNumber(pid: Hl7Segment): readonly ClaimedId[] {
  const id = valueAt(pid, '19')
  return id === undefined ? [] : [{ id, issuer: NATIONAL_ID_SYSTEMS.fnr }]
}

function isNational({ id, issuer }: ClaimedId): boolean {
  return issuer === undefined ? /^\d{6} ?\d{5}$/.test(id) : isNationalSystem(issuer)
}

/** TS to YYYY-MM-DD; undefined where it is less than a day, or no day. */
export function toDate(text: string | undefined): string | undefined {
  const [, year, month, day] = /^(\d{4})(\d{2})(\d{2})/.exec(text ?? '') ?? []
  if (year === undefined || month === undefined || day === undefined) return undefined
  const iso = `${year}-${month}-${day}`
  const date = new Date(`${iso}T00:00:00Z`)
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(iso) ? iso : undefined
}
