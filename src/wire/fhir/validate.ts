/**
 * Whether a resource is what FHIR and this project's profile say it must be. @medplum/core checks
 * structure, types, cardinality and invariants; required codes and empty values are checked here, since it
 * lets them pass.
 */
import { OperationOutcomeError, validateResource, type ValidatorOptions } from '@medplum/core'
import type { OperationOutcomeIssue, Resource, StructureDefinition } from '@medplum/fhirtypes'
import type { Problem } from '../../kernel/errors.ts'
import { compileProfile, type ProfileCheck } from './compile-profile.ts'
import { isStructureDefinition, loadDefinitions } from './definitions.ts'
import type { Definitions, DefinitionTexts } from './definitions.ts'
import { isJsonObject, textOf, type JsonObject } from './json.ts'
import { oversize } from './resource-size.ts'

/** The problems of the resource, the first hundred, located by FHIRPath; none when it is good. */
export type Validate = (resource: JsonObject) => readonly Problem[]

const MAX_PROBLEMS = 100

/** What is written over FHIR, and what that may contain. */
const VALIDATED_TYPES = [
  'Bundle',
  'Consent',
  'Device',
  'DiagnosticReport',
  'Endpoint',
  'ImagingStudy',
  'Location',
  'Media',
  'Observation',
  'Organization',
  'Patient',
  'Practitioner',
  'PractitionerRole',
  'Provenance',
  'RelatedPerson',
  'ServiceRequest',
  'Specimen',
]

/**
 * Validates with the definitions of `texts` and the profiles among `own`, loaded when the first resource
 * is written: a hub that only reads never pays for them.
 */
export function makeValidate(texts: DefinitionTexts, own: readonly unknown[]): Validate {
  let validate: Validate | undefined
  return (resource) => {
    validate ??= validateWith(
      loadDefinitions(texts, VALIDATED_TYPES),
      own.filter(isStructureDefinition),
    )
    return validate(resource)
  }
}

/** At most one profile for each type: it holds for all that is written. */
function validateWith(
  definitions: Definitions,
  profiles: readonly StructureDefinition[],
): Validate {
  const checks = new Map<string, ProfileCheck>()
  for (const profile of profiles) {
    const base = definitions.structureOf(profile.type)
    if (base !== undefined) checks.set(profile.type, compileProfile(profile, base))
  }
  return (resource) => {
    const bindings: Bindings = {}
    const type = String(resource.resourceType)
    const tooLarge = oversize(resource, type)
    if (tooLarge !== undefined) return [tooLarge]
    const check = checks.get(type) ?? checkBase
    const problems = [
      ...structureProblems(check, resource, bindings).map((one) => rooted(one, type)),
      ...bindingProblems(bindings, definitions).map((one) => rooted(one, type)),
      ...valueProblems(resource, type),
    ]
    return distinct(problems).slice(0, MAX_PROBLEMS)
  }
}

type Bindings = NonNullable<NonNullable<ValidatorOptions['collect']>['tokens']>

function checkBase(
  resource: JsonObject,
  options: ValidatorOptions,
): readonly OperationOutcomeIssue[] {
  return isResource(resource) ? validateResource(resource, options) : []
}

function isResource(value: JsonObject): value is JsonObject & Resource {
  return typeof value.resourceType === 'string'
}

function structureProblems(
  check: ProfileCheck,
  resource: JsonObject,
  bindings: Bindings,
): readonly Problem[] {
  return issuesOf(() => check(resource, { collect: { tokens: bindings } }))
    .filter((issue) => issue.severity === 'error' || isRefusedWarning(issue))
    .map(({ expression, details }) => ({
      location: expression?.[0] ?? '',
      text: details?.text ?? 'Not valid',
    }))
}

/**
 * A compiled profile has a root name of its own, which is nobody else's business; and what the library
 * quotes of the resource must not carry a national id into an error.
 */
function rooted({ location, text }: Problem, type: string): Problem {
  return { location: location.replace(/^\w*/, type), text: text.replaceAll(/\d{11}/g, '***') }
}

function issuesOf(run: () => readonly OperationOutcomeIssue[]): readonly OperationOutcomeIssue[] {
  try {
    return run()
  } catch (error) {
    if (!(error instanceof OperationOutcomeError)) throw error
    return error.outcome.issue
  }
}

/**
 * References to a type the element does not allow and two values where one may be: errors in FHIR. An
 * absolute URL or a urn:uuid the library takes for a type, as in `got "http:"`; that is none.
 */
function isRefusedWarning({ details }: OperationOutcomeIssue): boolean {
  return /^(?:Invalid reference: got "[A-Z]|Conflicting choice)/.test(details?.text ?? '')
}

function bindingProblems(bindings: Bindings, definitions: Definitions): readonly Problem[] {
  return Object.entries(bindings).flatMap(([valueSet, values]) => {
    const codes = definitions.codesOf(valueSet)
    if (codes === undefined) return []
    return values
      .filter(({ value }) => !holdsCode(value, codes))
      .map(({ path }) => ({ location: path, text: `Not a code of ${valueSet}, which is required` }))
  })
}

/** A code, a Coding, or a CodeableConcept of which one coding suffices. */
function holdsCode(value: unknown, codes: ReadonlySet<string>): boolean {
  if (typeof value === 'string') return codes.has(value)
  if (!isJsonObject(value)) return false
  if (Array.isArray(value.coding)) return value.coding.some((coding) => holdsCode(coding, codes))
  const code = textOf(value.code)
  return code !== undefined && codes.has(`${textOf(value.system) ?? ''}|${code}`)
}

function valueProblems(value: unknown, location: string): readonly Problem[] {
  if (isEmpty(value)) return [{ location, text: 'An empty value: leave it out' }]
  // R4 datatypes, "string": no control characters; U+0000 no database can hold.
  if (typeof value === 'string') {
    return value.includes('\u0000') ? [{ location, text: 'Holds the character U+0000' }] : []
  }
  if (Array.isArray(value)) {
    // A null in a list of primitives holds the place of one that has only extensions.
    return value.flatMap((one: unknown, index) =>
      one === null ? [] : valueProblems(one, `${location}[${index}]`),
    )
  }
  if (!isJsonObject(value)) return []
  return Object.entries(value).flatMap(([name, one]) => [
    // The library looks elements up where every object has these.
    ...(name in Object.prototype ? [{ location: `${location}.${name}`, text: UNKNOWN }] : []),
    ...valueProblems(one, `${location}.${name}`),
  ])
}

const UNKNOWN = 'FHIR has no such element'

function isEmpty(value: unknown): boolean {
  if (value === '' || value === null) return true
  return typeof value === 'object' && Object.keys(value).length === 0
}

function distinct(problems: readonly Problem[]): readonly Problem[] {
  return [...new Map(problems.map((one) => [`${one.location} ${one.text}`, one])).values()]
}
