/** The hub's Patient (no-basis-Patient): identifiers of every kind, and what publishers say of the person. */
import type { Demographics } from '../../domain/identity/demographics.ts'
import { isNationalSystem } from '../../domain/identity/national-id.ts'
import type { PatientClaim } from '../../domain/imaging/study.ts'
import type { PatientId } from '../../kernel/ids.ts'
import { isJsonObject, listOf, textOf, valuesAt, type JsonObject } from './json.ts'

export interface PatientIdentifier {
  readonly system: string
  readonly value: string
  /** The person's own number, or one that a custodian has given. */
  readonly kind: 'national' | 'local'
}

type Told = Pick<PatientClaim, 'familyName' | 'givenName' | 'birthDate' | 'sex'>

export function patientResource(
  id: PatientId,
  identifiers: readonly PatientIdentifier[],
  told: Told,
): JsonObject {
  const name = humanName(told)
  return {
    resourceType: 'Patient',
    id,
    identifier: identifiers.map(toIdentifier),
    active: true,
    ...(name !== undefined && { name: [{ use: 'official', ...name }] }),
    ...(told.sex !== undefined && { gender: told.sex }),
    ...(told.birthDate !== undefined && { birthDate: told.birthDate }),
  }
}

/** The Patient with what it lacked so far; nothing that is there is replaced. Undefined where nothing is new. */
export function completePatient(
  patient: JsonObject,
  identifiers: readonly PatientIdentifier[],
  told: Told,
): JsonObject | undefined {
  const lacking = patientResource('' as PatientId, [], told)
  const added = Object.entries(lacking).filter(
    ([element]) => COMPLETED.has(element) && patient[element] === undefined,
  )
  if (added.length === 0 && identifiers.length === 0) return undefined
  const identifier = [...listOf(patient.identifier), ...identifiers.map(toIdentifier)]
  return { ...patient, ...Object.fromEntries(added), identifier }
}

const COMPLETED = new Set(['name', 'gender', 'birthDate'])

/** The Patient known by one more name; undefined where the claim has none. */
export function addName(patient: JsonObject, told: Told): JsonObject | undefined {
  const name = humanName(told)
  if (name === undefined) return undefined
  return { ...patient, name: [...listOf(patient.name), { use: 'usual', ...name }] }
}

/** What the Patient says about the person, for comparing with what a publisher says. */
export function demographicsOf(patient: JsonObject): Demographics {
  return {
    birthDate: textOf(patient.birthDate),
    names: listOf(patient.name)
      .filter(isJsonObject)
      .map((name) => ({
        family: textOf(name.family),
        given: valuesAt(name, 'given').map(String).join(' '),
      })),
  }
}

/**
 * JSON text of what tells who a Patient is and nothing more: custodians' own ids and the count of versions
 * would tell who has examined the person, and when. Tagged as a part of the whole (R4 resource, "meta").
 */
export function identityText(content: string): string {
  const patient: unknown = JSON.parse(content)
  if (!isJsonObject(patient)) throw new Error('A stored Patient is no JSON object')
  const { id, active, name, gender, birthDate } = patient
  const identifier = listOf(patient.identifier)
    .filter(isJsonObject)
    .filter(({ system }) => isNationalSystem(textOf(system) ?? ''))
  const parts = { ...(identifier.length > 0 && { identifier }), active, name, gender, birthDate }
  return JSON.stringify({ resourceType: 'Patient', id, meta: { tag: [SUBSETTED] }, ...parts })
}

const SUBSETTED = {
  system: 'http://terminology.hl7.org/CodeSystem/v3-ObservationValue',
  code: 'SUBSETTED',
}

/** Whether the Patient carries the identifier already. */
export function hasIdentifier(
  patient: JsonObject,
  { system, value }: { readonly system: string; readonly value: string },
): boolean {
  const identifiers = listOf(patient.identifier).filter(isJsonObject)
  return identifiers.some((one) => one.system === system && one.value === value)
}

function toIdentifier({ system, value, kind }: PatientIdentifier): JsonObject {
  return { use: kind === 'national' ? 'official' : 'secondary', system, value }
}

function humanName({ familyName, givenName }: Told): JsonObject | undefined {
  if (familyName === undefined && givenName === undefined) return undefined
  return {
    ...(familyName !== undefined && { family: familyName }),
    ...(givenName !== undefined && { given: givenName.split(' ') }),
  }
}
