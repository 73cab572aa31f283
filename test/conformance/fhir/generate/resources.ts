/** Arbitrary resources of a type: the elements that its search parameters look at, by the type's own definition. */
import fc from 'fast-check'
import {
  elementsOf,
  parametersOf,
  type ElementDefinition,
  type Parameter,
} from '../oracle/definitions.ts'
import { CONCEPT, META, valueOf, type Surroundings } from './datatypes.ts'

type Members = Readonly<Record<string, unknown>>

export function resourceOf(type: string, around: Surroundings): fc.Arbitrary<Members> {
  const paths = searchedPaths(type)
  const own = membersOf(type, { paths, around })
  const contained = fc.constant([{ resourceType: 'Practitioner', id: 'inside' }])
  return fc
    .record({
      own,
      meta: fc.option(META, { nil: undefined }),
      contained: fc.option(contained, { nil: undefined, freq: 4 }),
      extension: extensionOf(type),
    })
    .map(({ own: members, ...rest }) => ({ ...withoutNothing(rest), ...members }))
}

/** Dotted paths of elements that parameters name, with all that lead to them. */
function searchedPaths(type: string): ReadonlySet<string> {
  const named = parametersOf(type).flatMap((one) => pathsNamed(one, type))
  return new Set(
    named.flatMap((path) => path.split('.').map((_, at, all) => all.slice(0, at + 1).join('.'))),
  )
}

function pathsNamed({ expression, component = [] }: Parameter, type: string): readonly string[] {
  const found = expression.matchAll(
    new RegExp(String.raw`\b${type}\b((?:\.[a-z]\w*(?!\w|\())*)`, 'g'),
  )
  return [...found].flatMap(([, rest = '']) => [
    type + rest,
    ...component.flatMap((one) =>
      one.expression
        .split('|')
        .map((each) => `${type}${rest}.${/\w+/.exec(each.trim())?.[0] ?? ''}`),
    ),
  ])
}

interface Making {
  readonly paths: ReadonlySet<string>
  readonly around: Surroundings
}

/** Of the element at `parent`: those of its children that are searched. */
function membersOf(parent: string, making: Making): fc.Arbitrary<Members> {
  const type = parent.split('.')[0] ?? ''
  const children = elementsOf(type).filter(({ path }) => {
    const isChild = path.startsWith(`${parent}.`) && !path.slice(parent.length + 1).includes('.')
    return isChild && making.paths.has(path.replace('[x]', '')) && !COMMON.test(path)
  })
  const members = children.map((one) => memberOf(one, making))
  return fc.tuple(...members).map((all): Members => Object.assign({}, ...all))
}

const COMMON = /^\w+\.(?:id|meta|extension|contained|text|language)$/

/** Of an element that may be of many types, those that parameters look for. */
const OFTEN_CHOSEN = ['Quantity', 'CodeableConcept', 'string', 'dateTime', 'Period']

function memberOf(element: ElementDefinition, making: Making): fc.Arbitrary<Members> {
  const { path, type = [] } = element
  const name = path.split('.').at(-1) ?? ''
  const choices = type.flatMap(({ code }) => {
    const isBranch = code === 'BackboneElement' || code === 'Element'
    const value = isBranch ? branchOf(path, making) : valueOf(code, element, making.around)
    return value === undefined
      ? []
      : [
          {
            weight: OFTEN_CHOSEN.includes(code) ? 5 : 1,
            arbitrary: repeated(value, element).map((one) => [nameFor(name, code), one] as const),
          },
        ]
  })
  if (choices.length === 0) return fc.constant({})
  return fc
    .option(fc.oneof(...choices), { nil: undefined, freq: 3 })
    .map((one) => (one === undefined ? {} : { [one[0]]: one[1] }))
}

function nameFor(name: string, type: string): string {
  return name.replace('[x]', type.charAt(0).toUpperCase() + type.slice(1))
}

/** An element with elements of its own; one without any would be no FHIR. */
function branchOf(path: string, making: Making): fc.Arbitrary<unknown> {
  return membersOf(path, making).map((one) => (Object.keys(one).length === 0 ? undefined : one))
}

function repeated(value: fc.Arbitrary<unknown>, { max }: ElementDefinition): fc.Arbitrary<unknown> {
  if (max === '1') return value
  return fc
    .array(value, { minLength: 1, maxLength: 2 })
    .map((all) => all.filter((one) => one !== undefined))
    .map((all) => (all.length === 0 ? undefined : all))
}

/** Where this project's parameters look. */
function extensionOf(type: string): fc.Arbitrary<readonly object[] | undefined> {
  const urls = OWN_EXTENSIONS[type]
  if (urls === undefined) return fc.constant(undefined)
  const all = urls.map(([url, value]) =>
    fc.option(
      value.map((one) => ({ url, ...(one as object) })),
      { nil: undefined },
    ),
  )
  return fc
    .tuple(...all)
    .map((some) => some.filter((one) => one !== undefined))
    .map((some) => (some.length === 0 ? undefined : some))
}

const COMPLETENESS = 'https://samsyn.no/fhir/StructureDefinition/completeness'
const HAS_REPORT = 'https://samsyn.no/fhir/StructureDefinition/has-report'
const OF_DOCUMENTS = 'http://hl7.org/fhir/5.0/StructureDefinition/extension-DocumentReference'
const completeness = fc
  .constantFrom('complete', 'awaiting-images')
  .map((valueCode) => ({ valueCode }))
const concept = CONCEPT.map((valueCodeableConcept) => ({ valueCodeableConcept }))

const OWN_EXTENSIONS: Readonly<
  Record<string, readonly (readonly [url: string, value: fc.Arbitrary<unknown>])[]>
> = {
  ImagingStudy: [
    [COMPLETENESS, completeness],
    [HAS_REPORT, fc.boolean().map((valueBoolean) => ({ valueBoolean }))],
  ],
  DiagnosticReport: [[COMPLETENESS, completeness]],
  DocumentReference: [
    [`${OF_DOCUMENTS}.bodySite`, concept],
    [`${OF_DOCUMENTS}.modality`, concept],
  ],
}

function withoutNothing(members: Members): Members {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined))
}
