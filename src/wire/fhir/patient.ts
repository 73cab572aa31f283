/**
 * The hub's Patient (no-basis-Patient): the national id, and what publishers say of the person. Custodians' own
 * ids are no part of it: whoever sees the Patient would see who has examined the person.
 */
import type { Demographics } from '../../domain/identity/demographics.ts'
import { isNationalSystem, type NationalId } from '../../domain/identity/national-id.ts'
import type { PatientClaim } from '../../domain/imaging/study.ts'
import type { PatientId } from '../../kernel/ids.ts'
import { isJsonObject, listOf, textOf, valuesAt, type JsonObject } from './json.ts'

type Told = Pick<PatientClaim, 'familyName' | 'givenName' | 'birthDate' | 'sex'>

export function patientResource(
  id: PatientId,
  national: NationalId | undefined,
  told: Told,
): JsonObject {
  const name = humanName(told)
  return {
    resourceType: 'Patient',
    id,
    ...(national !== undefined && {
      identifier: [{ use: 'official', system: national.system, value: national.value }],
    }),
    active: true,
    ...(name !== undefined && { name: [{ use: 'official', ...name }] }),
    ...(told.sex !== undefined && { gender: told.sex }),
    ...(told.birthDate !== undefined && { birthDate: told.birthDate }),
  }
}

/** The Patient with what it lacked so far; nothing that is there is replaced. Undefined where nothing is new. */
export function completePatient(patient: JsonObject, told: Told): JsonObject | undefined {
  const lacking = patientResource('' as PatientId, undefined, told)
  const added = Object.entries(lacking).filter(
    ([element]) => COMPLETED.has(element) && patient[element] === undefined,
  )
  return added.length === 0 ? undefined : { ...patient, ...Object.fromEntries(added) }
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
 * JSON text of what tells who a Patient is and nothing more: the count of versions would tell how often
 * the person has been examined, and when. Tagged as a part of the whole (R4 resource, "meta").
 */
export function identityText(content: string): string {
  const patient: unknown = JSON.parse(content)
  if (!isJsonObject(patient)) throw new Error('A stored Patient is no JSON object')
  return JSON.stringify(identityOf(patient))
}

/** The same of a Patient that has been read. */
export function identityOf(patient: JsonObject): JsonObject {
  const { id, active, name, gender, birthDate } = patient
  const identifier = listOf(patient.identifier)
    .filter(isJsonObject)
    .filter(({ system }) => isNationalSystem(textOf(system) ?? ''))
  const parts = { ...(identifier.length > 0 && { identifier }), active, name, gender, birthDate }
  const told = Object.entries(parts).filter(([, value]) => value !== undefined)
  return { resourceType: 'Patient', id, meta: { tag: [SUBSETTED] }, ...Object.fromEntries(told) }
}

const SUBSETTED = {
  system: 'http://terminology.hl7.org/CodeSystem/v3-ObservationValue',
  code: 'SUBSETTED',
}

function humanName({ familyName, givenName }: Told): JsonObject | undefined {
  if (familyName === undefined && givenName === undefined) return undefined
  return {
    ...(familyName !== undefined && { family: familyName }),
    ...(givenName !== undefined && { given: givenName.split(' ') }),
  }
}
