/** `/metadata`: what works, taken from the tables that make it work. */
import { listOf, type JsonObject } from '../../wire/fhir/json.ts'
import { SEARCH_PARAMETERS, type SearchParameter } from '../../wire/fhir/search-parameters.ts'
import { INTERACTIONS } from './interactions.ts'

export interface CapabilityDeps {
  /** The FHIR base address. */
  readonly base: string
  readonly version: string
  /** When the hub started with these capabilities. */
  readonly at: Date
  /** Conformance resources of `fhir-profiles/`. */
  readonly ownDefinitions: readonly JsonObject[]
}

export function capabilityStatement(deps: CapabilityDeps): JsonObject {
  const { base, version, at } = deps
  return {
    resourceType: 'CapabilityStatement',
    status: 'active',
    date: at.toISOString(),
    kind: 'instance',
    software: { name: 'Samsyn', version },
    implementation: { description: 'Cross-organisation imaging registry', url: base },
    fhirVersion: '4.0.1',
    format: ['json', 'application/fhir+json'],
    rest: [
      {
        mode: 'server',
        documentation:
          'Searches by a national id are sent by POST to _search. Unknown parameters are named in an ' +
          'OperationOutcome, or refused with Prefer: handling=strict. A token with samsyn:identify finds one ' +
          'person by POST to Patient/_search: a national id as system|value, or family, given and birthdate.',
        security: {
          service: [{ coding: [{ system: SECURITY_SERVICE, code: 'OAuth' }] }],
          description: 'Access tokens of this hub, sender-constrained by DPoP (RFC 9449)',
        },
        resource: Object.keys(INTERACTIONS).map((type) => resourceOf(type, deps)),
        interaction: [{ code: 'transaction' }, { code: 'batch' }],
      },
    ],
  }
}

const SECURITY_SERVICE = 'http://terminology.hl7.org/CodeSystem/restful-security-service'

function resourceOf(type: string, { ownDefinitions }: CapabilityDeps): JsonObject {
  const profiles = ownDefinitions
    .filter((one) => one.resourceType === 'StructureDefinition' && one.type === type)
    .map(({ url }) => url)
  const interactions = INTERACTIONS[type] ?? []
  return {
    type,
    ...(profiles.length > 0 && { supportedProfile: profiles }),
    interaction: interactions.map((code) => ({ code })),
    versioning: 'versioned',
    conditionalCreate: interactions.includes('create') && type !== 'Consent',
    ...inclusions(type),
    searchParam: [
      ...COMMON_PARAMETERS.map(([name, kind]) => ({ name, type: kind })),
      ...(SEARCH_PARAMETERS[type] ?? []).map((one) => parameterOf(type, one, ownDefinitions)),
    ],
  }
}

const COMMON_PARAMETERS = [
  ['_id', 'token'],
  ['_lastUpdated', 'date'],
] as const

function parameterOf(
  type: string,
  { code, kind }: SearchParameter,
  ownDefinitions: readonly JsonObject[],
): JsonObject {
  const own = ownDefinitions.find(
    (one) =>
      one.resourceType === 'SearchParameter' &&
      one.code === code &&
      listOf(one.base).includes(type),
  )
  return { name: code, ...(own !== undefined && { definition: own.url }), type: kind }
}

/** The log is searched for itself alone. */
function inclusions(type: string): JsonObject {
  if (type === 'AuditEvent') return {}
  const forward = referencesOf(type)
    .filter((one) => targetsOf(one).some(isServed))
    .map(({ code }) => `${type}:${code}`)
  const backward = Object.keys(SEARCH_PARAMETERS)
    .filter((other) => other !== 'AuditEvent')
    .flatMap((other) =>
      referencesOf(other)
        .filter((one) => targetsOf(one).includes(type))
        .map(({ code }) => `${other}:${code}`),
    )
  return {
    ...(forward.length > 0 && { searchInclude: forward }),
    ...(backward.length > 0 && { searchRevInclude: backward }),
  }
}

function referencesOf(type: string): readonly SearchParameter[] {
  return (SEARCH_PARAMETERS[type] ?? []).filter(({ kind }) => kind === 'reference')
}

function targetsOf(parameter: SearchParameter): readonly string[] {
  return parameter.kind === 'reference' ? parameter.targets : []
}

function isServed(type: string): boolean {
  return type in INTERACTIONS && type !== 'AuditEvent'
}
