/** `/metadata`: what works, taken from the tables that make it work. */
import {
  INTERACTION_CODES,
  SERVED_TYPES,
  type ServedType,
} from '../../services/served-types-table.ts'
import type { JsonObject } from '../../wire/fhir/json.ts'
import { parametersOf } from '../../wire/fhir/search-parameters.ts'
import { backwardInclusions, forwardInclusions } from '../../wire/fhir/parse-inclusion.ts'
import { SUBSCRIPTION_PROFILE } from '../../wire/fhir/subscription.ts'
import { TOPIC_EXTENSIONS } from '../../wire/fhir/subscription-topics-table.ts'
import type { Operation } from './operations/operation.ts'

export interface CapabilityDeps {
  /** The FHIR base address. */
  readonly base: string
  readonly version: string
  /** When the hub started with these capabilities. */
  readonly at: Date
  /** Conformance resources of `fhir-profiles/`. */
  readonly ownDefinitions: readonly JsonObject[]
  readonly operations: readonly Operation[]
}

export function capabilityStatement(deps: CapabilityDeps): JsonObject {
  const { base, version, at, operations } = deps
  const operation = operations.filter(({ level }) => level === 'system').map(operationOf)
  return {
    resourceType: 'CapabilityStatement',
    status: 'active',
    date: at.toISOString(),
    kind: 'instance',
    software: { name: 'Samsyn', version },
    implementation: { description: 'Cross-organisation imaging registry', url: base },
    fhirVersion: '4.0.1',
    format: ['json', 'application/fhir+json', 'xml', 'application/fhir+xml'],
    patchFormat: ['application/json-patch+json'],
    rest: [
      {
        mode: 'server',
        documentation: DOCUMENTATION,
        security: {
          service: [{ coding: [{ system: SECURITY_SERVICE, code: 'OAuth' }] }],
          description: 'Access tokens of this hub, sender-constrained by DPoP (RFC 9449)',
        },
        resource: Object.entries(SERVED_TYPES).map(([type, served]) =>
          resourceOf(type, served, deps),
        ),
        interaction: [{ code: 'transaction' }, { code: 'batch' }],
        ...(operation.length > 0 && { operation }),
      },
    ],
  }
}

const SECURITY_SERVICE = 'http://terminology.hl7.org/CodeSystem/restful-security-service'

const DOCUMENTATION = [
  'Searches by a national id are sent by POST to _search, writes conditional on one in a transaction.',
  'Unknown parameters are named in an OperationOutcome, or refused with Prefer: handling=strict.',
  'A token with samsyn:identify finds one person by POST to Patient/_search: a national id as system|value,',
  'or family, given and birthdate.',
  'Every parameter takes the prefixes and modifiers that R4 gives its type, but :above and :below on tokens; :in and',
  ':not-in of value sets that can be listed here. Chains and _has to a depth of three.',
  'A Bundle has at most 500 entries. Ids are given by the hub.',
].join(' ')

function resourceOf(type: string, served: ServedType, deps: CapabilityDeps): JsonObject {
  const { ownDefinitions, operations } = deps
  const own = ownDefinitions
    .filter((one) => one.resourceType === 'StructureDefinition' && one.type === type)
    .map(({ url }) => url)
  const isSubscription = type === 'Subscription'
  const profiles = isSubscription ? [SUBSCRIPTION_PROFILE, ...own] : own
  const operation = operations
    .filter(({ level, types }) => level !== 'system' && types?.includes(type) === true)
    // One that is asked of the type and of each is named once.
    .filter(({ name }, place, all) => all.findIndex((one) => one.name === name) === place)
    .map(operationOf)
  return {
    ...(isSubscription && { extension: TOPIC_EXTENSIONS }),
    type,
    profile: `http://hl7.org/fhir/StructureDefinition/${type}`,
    ...(profiles.length > 0 && { supportedProfile: profiles }),
    interaction: INTERACTION_CODES.filter((code) => served.interactions.has(code)).map((code) => ({
      code,
    })),
    versioning: served.interactions.has('update') ? 'versioned-update' : 'versioned',
    readHistory: served.interactions.has('history-instance'),
    updateCreate: false,
    conditionalCreate: served.conditional,
    conditionalRead: 'full-support',
    conditionalUpdate: served.conditional,
    conditionalDelete: served.conditional ? 'single' : 'not-supported',
    referencePolicy: ['literal', 'local', 'logical'],
    ...inclusions(type),
    searchParam: parametersOf(type).map(({ code, kind, url }) => ({
      name: code,
      definition: url,
      type: kind,
    })),
    ...(operation.length > 0 && { operation }),
  }
}

function operationOf({ name, definition }: Operation): JsonObject {
  return { name, definition }
}

/** What the parser of searches takes, asked for one by one. */
function inclusions(type: string): JsonObject {
  const asked = { type, iterate: false }
  const forward = referencesOf(type).filter(
    (text) => forwardInclusions({ ...asked, text }).length > 0,
  )
  const backward = Object.keys(SERVED_TYPES)
    .flatMap(referencesOf)
    .filter((text) => backwardInclusions({ ...asked, text }).length > 0)
  return {
    ...(forward.length > 0 && { searchInclude: ['*', ...forward] }),
    ...(backward.length > 0 && { searchRevInclude: ['*', ...backward] }),
  }
}

function referencesOf(type: string): readonly string[] {
  return parametersOf(type)
    .filter(({ kind }) => kind === 'reference')
    .map(({ code }) => `${type}:${code}`)
}
