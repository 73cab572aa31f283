/** What an identity message tells of a patient, as a Patient (HL7 v2-to-FHIR, PID). */
import type { JsonObject } from './json.ts'

export interface ToldPerson {
  readonly ids: readonly {
    readonly system?: string | undefined
    readonly value: string
    readonly start?: string | undefined
    readonly end?: string | undefined
  }[]
  readonly names: readonly {
    readonly use: string
    readonly family?: string | undefined
    readonly given: readonly string[]
  }[]
  readonly birthDate?: string | undefined
  readonly gender?: string | undefined
  readonly address?:
    | {
        readonly line?: string | undefined
        readonly city?: string | undefined
        readonly postalCode?: string | undefined
        readonly country?: string | undefined
      }
    | undefined
  readonly phone?: string | undefined
  readonly deceased?: boolean | string | undefined
}

/** Only what is told: the elements that a revision is to replace. */
export function toldPatient(told: ToldPerson): JsonObject {
  const { ids, names, birthDate, gender, address, phone, deceased } = told
  return present({
    resourceType: 'Patient',
    identifier: ids.map(({ system, value, start, end }) =>
      present({ system, value, period: present({ start, end }) }),
    ),
    name: names.map(({ use, family, given }) => present({ use, family, given })),
    telecom: phone === undefined ? undefined : [{ system: 'phone', value: phone }],
    gender,
    birthDate,
    [typeof deceased === 'boolean' ? 'deceasedBoolean' : 'deceasedDateTime']: deceased,
    address: address && [present({ ...address, line: address.line && [address.line] })],
  })
}

/** Without what is undefined or empty: FHIR has neither. */
function present(object: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => !isEmpty(value)))
}

function isEmpty(value: unknown): boolean {
  if (value === undefined) return true
  if (typeof value !== 'object' || value === null) return false
  return Object.keys(value).length === 0
}
