/** What $match is asked (PDQm ITI-119, R4 patient-operation-match): Parameters, or the Patient alone. */
import type { NationalIdRules } from '../../domain/identity/national-id.ts'
import type { PatientIdentifier } from '../../domain/identity/patient-identifier.ts'
import type { MatchedPerson } from '../../domain/identity/score-match.ts'
import { HubError, type Problem } from '../../kernel/errors.ts'
import { readIdentifier } from './fed-patient.ts'
import { isJsonObject, listOf, textOf, valuesAt, type JsonObject } from './json.ts'
import { demographicsOf } from './patient.ts'

export interface MatchRequest {
  readonly patient: JsonObject
  readonly onlyCertainMatches: boolean
  readonly count?: number | undefined
}

/** Throws `invalid` with every parameter that is not as the operation has it. */
export function readMatchRequest(body: JsonObject): MatchRequest {
  if (body.resourceType === 'Patient') return { patient: body, onlyCertainMatches: false }
  if (body.resourceType !== 'Parameters')
    throw new HubError('invalid', 'POST Parameters with the resource to match, or a Patient')
  const problems: Problem[] = []
  const parameters = parametersOf(body, problems)
  const patient = patientIn(parameters, problems)
  const certain = valueOf(parameters, 'onlyCertainMatches', 'valueBoolean') ?? false
  if (typeof certain !== 'boolean')
    problems.push({ location: 'onlyCertainMatches', text: 'Is to be one valueBoolean' })
  const count = countIn(parameters, problems)
  if (problems.length > 0 || patient === undefined)
    throw new HubError('invalid', 'The parameters of $match are not valid', { problems })
  return { patient, onlyCertainMatches: certain === true, count }
}

function patientIn(parameters: Parameters, problems: Problem[]): JsonObject | undefined {
  const [first, ...others] = parameters.get('resource') ?? []
  const patient = first?.resource
  if (others.length === 0 && isJsonObject(patient) && patient.resourceType === 'Patient')
    return patient
  problems.push({ location: 'resource', text: 'Is to be one Patient' })
  return undefined
}

function countIn(parameters: Parameters, problems: Problem[]): number | undefined {
  const count = valueOf(parameters, 'count', 'valueInteger')
  if (typeof count === 'number' && Number.isInteger(count) && count > 0) return count
  if (count !== undefined)
    problems.push({ location: 'count', text: 'Is to be one positive valueInteger' })
  return undefined
}

const KNOWN: ReadonlySet<string> = new Set(['resource', 'onlyCertainMatches', 'count'])

type Parameters = ReadonlyMap<string, readonly JsonObject[]>

/** By name; one that is unknown, or there twice, is a problem: it may have been meant to narrow. */
export function parametersOf(
  body: JsonObject,
  problems: Problem[],
  known: ReadonlySet<string> = KNOWN,
): Parameters {
  const all = listOf(body.parameter).slice(0, MOST_PARAMETERS).filter(isJsonObject)
  const byName = Map.groupBy(all, ({ name }) => textOf(name) ?? '')
  for (const name of byName.keys()) {
    if (!known.has(name))
      problems.push({ location: name.slice(0, 64), text: 'Is no parameter of the operation' })
  }
  return byName
}

const MOST_PARAMETERS = 100

/** The one value under its element; anything else stands for itself, and is refused as what it is not. */
function valueOf(parameters: Parameters, name: string, element: string): unknown {
  const given = parameters.get(name) ?? []
  const [first, ...others] = given
  if (first === undefined) return undefined
  return others.length > 0 ? null : (first[element] ?? null)
}

/** Names and identifiers of a Patient that are compared; one with more is no person. */
const MOST_COMPARED = 20

export interface AskedPerson extends MatchedPerson {
  /** What may prove who it is. */
  readonly identifiers: readonly PatientIdentifier[]
}

/** A Patient as it is compared with others; identifiers that are none are left out. */
export function personOf(patient: JsonObject, rules: NationalIdRules): AskedPerson {
  const identifiers = listOf(patient.identifier)
    .slice(0, MOST_COMPARED)
    .flatMap((one) => {
      const read = readIdentifier(one, rules)
      return read.ok ? [read.identifier] : []
    })
  const { names, birthDate } = demographicsOf(patient)
  return {
    identifiers,
    commonIds: idsOf(identifiers, 'common'),
    localIds: idsOf(identifiers, 'local'),
    names: names.slice(0, MOST_COMPARED),
    birthDate,
    gender: textOf(patient.gender),
    postalCodes: valuesAt(patient, 'address.postalCode').map(String).slice(0, MOST_COMPARED),
  }
}

function idsOf(
  identifiers: readonly PatientIdentifier[],
  wanted: PatientIdentifier['kind'],
): readonly string[] {
  return identifiers
    .filter(({ kind }) => kind === wanted)
    .map(({ key, value }) => `${key}|${value}`)
}
