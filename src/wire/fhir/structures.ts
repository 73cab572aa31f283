/**
 * What FHIR's types consist of, by their StructureDefinitions: the order of elements, their names in JSON
 * and what each name holds. Formats, summaries and validation walk resources by it.
 */
import { STRUCTURE_BASE, type Definitions } from './definitions.ts'
import { isJsonObject, listOf, textOf, valuesAt, type JsonObject } from './json.ts'

/** One type an element may have: a choice has one for each of its names. */
export interface ElementType {
  /** As in JSON and XML: `name`, `valueQuantity`. */
  readonly name: string
  /** `HumanName`, `BackboneElement`, `string`, `Resource`; '' where the content is another element's. */
  readonly code: string
  /** What `structureOf` is asked for what is inside: a type's name, or the path of an element with its own. */
  readonly content: string
  /** Has a value, and an object beside it for id and extensions (R4 json.html, section 2.6.2.3). */
  readonly isPrimitive: boolean
}

export interface Element {
  /** As in the StructureDefinition: `Observation.value[x]`. */
  readonly path: string
  /** The path's last part, `[x]` left out: `value`. */
  readonly name: string
  readonly types: readonly ElementType[]
  readonly min: number
  /** Infinity for `*`. */
  readonly max: number
  /** A list in JSON, be it of one. */
  readonly repeats: boolean
  readonly isSummary: boolean
  readonly isModifier: boolean
  /** An attribute in XML: `id` of elements, `url` of extensions. */
  readonly isAttribute: boolean
}

/** An element under one of its names. */
export interface Member {
  readonly element: Element
  readonly type: ElementType
  /** Position of the element in the structure. */
  readonly order: number
}

export interface Structure {
  readonly kind: 'primitive' | 'complex' | 'resource'
  /** In the order XML has them. */
  readonly elements: readonly Element[]
  readonly members: ReadonlyMap<string, Member>
}

export interface Structures {
  /**
   * Of a type, as `Patient`, `HumanName`, `string`; or what is inside an element, as `Patient.contact`,
   * `Patient.name`, `Observation.valueQuantity`. Undefined where R4 has no such thing.
   */
  structureOf(typeOrPath: string): Structure | undefined
  /** Its elements, none where there is no such thing. */
  elementsOf(typeOrPath: string): readonly Element[]
  /** Of a resource type that resources can have; undefined for abstract and other types. */
  resourceOf(type: string): Structure | undefined
}

const ABSTRACT = new Set(['Resource', 'DomainResource'])
/** The longest path in R4 has some hundred characters. */
const MAX_PATH = 200
const SYSTEM_TYPE = 'http://hl7.org/fhirpath/System.'

/** Loads each type when it is first asked for. */
export function makeStructures(definitions: Pick<Definitions, 'structure'>): Structures {
  /** By path; only of types that exist, so that no caller's text makes it grow. */
  const known = new Map<string, Structure>()

  function load(type: string): void {
    const definition = definitions.structure(STRUCTURE_BASE + type)
    // The specification's profiles and extensions have such URLs too.
    if (definition?.type !== type || definition.derivation === 'constraint') return
    for (const [path, structure] of structuresOf(definition)) known.set(path, structure)
  }

  function structureOf(typeOrPath: string): Structure | undefined {
    const own = known.get(typeOrPath)
    if (own !== undefined || typeOrPath.length > MAX_PATH) return own
    const last = typeOrPath.lastIndexOf('.')
    if (last < 0) {
      load(typeOrPath)
      return known.get(typeOrPath)
    }
    // Loads the type on the way, whereby the path may have become known.
    const member = structureOf(typeOrPath.slice(0, last))?.members.get(typeOrPath.slice(last + 1))
    return known.get(typeOrPath) ?? (member && structureOf(member.type.content))
  }

  return {
    structureOf,
    elementsOf: (typeOrPath) => structureOf(typeOrPath)?.elements ?? [],
    resourceOf(type) {
      if (type.includes('.') || ABSTRACT.has(type)) return undefined
      const structure = structureOf(type)
      return structure?.kind === 'resource' ? structure : undefined
    },
  }
}

/** The type itself and each element with content of its own, by path. */
function structuresOf(definition: JsonObject): ReadonlyMap<string, Structure> {
  const [root, ...snapshot] = valuesAt(definition, 'snapshot.element').filter(isJsonObject)
  const children = new Map<string, JsonObject[]>([[pathOf(root), []]])
  for (const element of snapshot) {
    const path = pathOf(element)
    const parent = path.slice(0, path.lastIndexOf('.'))
    children.set(parent, [...(children.get(parent) ?? []), element])
  }
  const kind = kindOf(definition)
  return new Map(
    [...children].map(([path, elements]) => [
      path,
      structure(
        path.includes('.') ? 'complex' : kind,
        elements.map((one) => elementOf(one, children.has(pathOf(one)))),
      ),
    ]),
  )
}

function kindOf({ kind }: JsonObject): Structure['kind'] {
  if (kind === 'resource') return 'resource'
  return kind === 'primitive-type' ? 'primitive' : 'complex'
}

function structure(kind: Structure['kind'], elements: readonly Element[]): Structure {
  const members = elements.flatMap((element, order) =>
    element.types.map((type): [string, Member] => [type.name, { element, type, order }]),
  )
  return { kind, elements, members: new Map(members) }
}

function elementOf(element: JsonObject, hasContent: boolean): Element {
  const path = pathOf(element)
  const name = path.slice(path.lastIndexOf('.') + 1).replace(/\[x\]$/, '')
  const isChoice = path.endsWith('[x]')
  return {
    path,
    name,
    types: typesOf(element).map((code) => ({
      name: isChoice ? name + code.slice(0, 1).toUpperCase() + code.slice(1) : name,
      code,
      content: hasContent ? path : (contentReference(element) ?? code),
      isPrimitive: /^[a-z]/.test(code),
    })),
    min: Number(element.min),
    max: element.max === '*' ? Infinity : Number(element.max),
    repeats: valuesAt(element, 'base.max').concat(element.max)[0] !== '1',
    isSummary: element.isSummary === true,
    isModifier: element.isModifier === true,
    isAttribute: listOf(element.representation).includes('xmlAttr'),
  }
}

/** Codes of the types; the one that System types stand for; '' for a reference to another element's content. */
function typesOf(element: JsonObject): readonly string[] {
  const types = listOf(element.type).filter(isJsonObject)
  if (types.length === 0) return ['']
  return types.map((type) => {
    const code = textOf(type.code) ?? ''
    if (!code.startsWith(SYSTEM_TYPE)) return code
    return textOf(valuesAt(type, 'extension.valueUrl')[0]) ?? 'string'
  })
}

/** `Bundle.link` of `#Bundle.link`. */
function contentReference(element: JsonObject): string | undefined {
  return textOf(element.contentReference)?.replace(/^.*#/, '')
}

function pathOf(element: JsonObject | undefined): string {
  return textOf(element?.path) ?? ''
}
