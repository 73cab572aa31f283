/** What a search parameter finds in a resource, by @medplum/core's FHIRPath. */
import { evalFhirPathTyped, toTypedValue, type TypedValue as Typed } from '@medplum/core'
import { elementsOf, systemsOf, type ElementDefinition, type Parameter } from './definitions.ts'

export type Resource = Readonly<Record<string, any>> & {
  readonly resourceType: string
  readonly id: string
}
/** A value and its FHIR type; `path` says where the library found it. */
export type TypedValue = Typed & { readonly path?: string }

const RESOLVES = /\.where\(resolve\(\) is (\w+)\)/

const found = new WeakMap<Resource, Map<string, readonly TypedValue[]>>()

export function valuesOf(parameter: Parameter, resource: Resource): readonly TypedValue[] {
  const known = found.get(resource) ?? new Map<string, readonly TypedValue[]>()
  found.set(resource, known)
  const before = known.get(parameter.url)
  if (before !== undefined) return before
  const values = alternativesFor(parameter.expression, resource.resourceType).flatMap((one) =>
    evaluate(one, toTypedValue(resource as never), resource),
  )
  known.set(parameter.url, values)
  return values
}

export function evaluate(
  expression: string,
  context: TypedValue,
  resource: Resource,
): readonly TypedValue[] {
  // The library knows no element of `Resource`, resolves nothing and takes the names of types as they are.
  const type = RESOLVES.exec(expression)?.[1]
  const plain = expression
    .replace(RESOLVES, '')
    .replace(/^Resource\./, `${resource.resourceType}.`)
    .replaceAll('ofType(DateTime)', 'ofType(dateTime)')
  const values = evalFhirPathTyped(plain, [context])
  return type === undefined ? values : values.filter((one) => typeReferred(one, resource) === type)
}

/** Of a union over many types, what is about this one. */
function alternativesFor(expression: string, type: string): readonly string[] {
  return splitUnion(expression).filter((one) => {
    const about = /^\(*([A-Z]\w*)/.exec(one)?.[1]
    return about === type || about === 'Resource'
  })
}

function splitUnion(expression: string): readonly string[] {
  const parts: string[] = []
  let depth = 0
  let start = 0
  for (const [at, letter] of expression.split('').entries()) {
    if (letter === '(') depth++
    if (letter === ')') depth--
    if (letter === '|' && depth === 0) {
      parts.push(expression.slice(start, at))
      start = at + 1
    }
  }
  return [...parts, expression.slice(start)].map((one) => one.trim())
}

function typeReferred({ value }: TypedValue, resource: Resource): string | undefined {
  const reference: unknown = value?.reference
  if (typeof reference !== 'string') return undefined
  if (reference.startsWith('#')) {
    const contained: readonly Resource[] = resource.contained ?? []
    return contained.find(({ id }) => `#${id}` === reference)?.resourceType
  }
  return reference
    .replace(/\/_history\/.*/, '')
    .split('/')
    .at(-2)
}

const SPECIAL_VALUES = 'http://terminology.hl7.org/CodeSystem/special-values'

/** Systems that a value has without naming one: those of the value set that its element is bound to. */
export function impliedSystems(
  { type, path }: TypedValue,
  parameter: Parameter,
): readonly string[] {
  if (type === 'boolean') return [SPECIAL_VALUES]
  const own = OWN_SYSTEMS[parameter.url.split('/').at(-1) ?? '']
  if (own !== undefined) return [own]
  if (type !== 'code' || path === undefined) return []
  const valueSet = elementAt(path)?.binding?.valueSet
  return valueSet === undefined ? [] : systemsOf(valueSet)
}

/** The value set that a code must be of. */
export function boundValueSet({ type, path }: TypedValue): string | undefined {
  const binding = type === 'code' && path !== undefined ? elementAt(path)?.binding : undefined
  return binding?.strength === 'required' ? binding.valueSet : undefined
}

/** Of a DICOM UID, which an R4 study has as an `id`; and of this project's codes, which extensions hold. */
const OWN_SYSTEMS: Readonly<Record<string, string>> = {
  'ImagingStudy-instance': 'urn:dicom:uid',
  'ImagingStudy-series': 'urn:dicom:uid',
  'ImagingStudy-dicom-class': 'urn:dicom:uid',
  'samsyn-completeness': 'https://samsyn.no/fhir/CodeSystem/imaging-completeness',
}

/** The definition of the element at a path of a resource, which may go on inside a datatype. */
function elementAt(path: string): ElementDefinition | undefined {
  const [root = '', ...steps] = path.replaceAll(/\[\d+\]/g, '').split('.')
  let at = root
  let element: ElementDefinition | undefined
  for (const step of steps) {
    const inside = element?.type?.[0]?.code
    const isDatatype = inside !== undefined && !['BackboneElement', 'Element'].includes(inside)
    at = isDatatype ? `${inside}.${step}` : `${at}.${step}`
    element = elementsOf(at.split('.')[0] ?? '').find((one) => one.path === at)
  }
  return element
}
