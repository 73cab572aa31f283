/**
 * FHIR R4 Consent as facts for the decision: HL7 Norway's blocks and IHE PCF's privacy consents.
 *
 * Whatever is not understood is an error, for a condition that is left out turns a permit into a wider
 * one and an exception into none. So an active Consent is either read whole or refused.
 */
import type { PatientConsent, Provision } from '../../domain/access/consent.ts'
import type { PatientId } from '../../kernel/ids.ts'
import { readActors } from './consent-actors.ts'
import { CONSENT_SCOPE_SYSTEM } from './consent-codes-table.ts'
import {
  codingsOf,
  readActions,
  readCodes,
  readLabels,
  readPeriod,
  readPurposes,
  readStudies,
} from './consent-criteria.ts'
import type { ConsentReferences } from './consent-references.ts'
import { isJsonObject, listOf, textOf, type JsonObject } from './json.ts'
import { attempt, report, throwProblems, unread, within, type Place } from './problems.ts'

/** PCF nests once, HL7 Norway not at all. */
const MAX_DEPTH = 4

const PATIENT = /^Patient\/([A-Za-z0-9.-]{1,64})$/

/**
 * Undefined for a Consent that is not active: it says nothing. Throws `unprocessable` with FHIRPath
 * locations for an active one that cannot be read whole.
 */
export function readConsent(
  consent: JsonObject,
  references: ConsentReferences,
): PatientConsent | undefined {
  if (consent.status !== 'active') return undefined
  const place: Place = { path: 'Consent', problems: [] }
  requireScope(consent.scope, within(place, '.scope'))
  refuseModifiers(consent, place)
  const patient = attempt(place, () => readPatient(consent.patient, within(place, '.patient')))
  const at = within(place, '.provision')
  const provision = attempt(at, () =>
    readProvision(consent.provision, { references, depth: 0 }, at),
  )
  throwProblems(place, 'The consent is active but cannot be understood')
  if (patient === undefined || provision === undefined) return undefined
  return { id: textOf(consent.id) ?? '', patient, provision }
}

function readPatient(patient: unknown, place: Place): PatientId {
  const reference = isJsonObject(patient) ? textOf(patient.reference) : undefined
  const id = PATIENT.exec(reference ?? '')?.[1]
  if (id === undefined) throw unread(place, 'is no Patient of the registry')
  return id as PatientId
}

function requireScope(scope: unknown, place: Place): void {
  const found = codingsOf(scope).some(
    ({ system, code }) => system === CONSENT_SCOPE_SYSTEM && code === 'patient-privacy',
  )
  if (!found) report(place, 'is not patient-privacy')
}

function refuseModifiers(element: JsonObject, place: Place): void {
  if (element.modifierExtension !== undefined)
    report(within(place, '.modifierExtension'), 'is not understood')
}

/** What a provision may hold; `class` has no counterpart among what the decision may ask of an object. */
const UNDERSTOOD = new Set([
  'id',
  'extension',
  'type',
  'period',
  'actor',
  'action',
  'securityLabel',
  'purpose',
  'code',
  'dataPeriod',
  'data',
  'provision',
])

interface Nesting {
  readonly references: ConsentReferences
  readonly depth: number
}

function readProvision(
  provision: unknown,
  { references, depth }: Nesting,
  place: Place,
): Provision {
  if (!isJsonObject(provision)) throw unread(place, 'is missing, or is no provision')
  for (const name of Object.keys(provision))
    if (!UNDERSTOOD.has(name.replace(/^_/, '')))
      report(within(place, `.${name}`), 'is not understood')

  const read = <Value>(name: string, reader: Reader<Value>): Value | undefined => {
    const at = within(place, `.${name}`)
    return attempt(at, () => reader(provision[name], at))
  }
  return {
    effect: read('type', readEffect) ?? 'deny',
    period: read('period', readPeriod),
    ...read('actor', (value, at) => readActors(value, references, at)),
    purposes: read('purpose', readPurposes),
    actions: read('action', readActions),
    studies: read('data', (value, at) => readStudies(value, references, at)),
    ...read('code', readCodes),
    labels: read('securityLabel', readLabels),
    dataPeriod: read('dataPeriod', readPeriod),
    nested: readNested(provision.provision, { references, depth: depth + 1 }, place),
  }
}

type Reader<Value> = (value: unknown, place: Place) => Value

function readEffect(type: unknown, place: Place): Provision['effect'] {
  if (type !== 'permit' && type !== 'deny') throw unread(place, 'is neither permit nor deny')
  return type
}

function readNested(value: unknown, nesting: Nesting, place: Place): readonly Provision[] {
  const items = listOf(value)
  if (items.length > 0 && nesting.depth > MAX_DEPTH)
    throw unread(within(place, '.provision'), `is nested more than ${MAX_DEPTH} deep`)
  return items.flatMap((item, index) => {
    const at = within(place, `.provision[${index}]`)
    return attempt(at, () => readProvision(item, nesting, at)) ?? []
  })
}
