/**
 * The rules the validator goes by, made from StructureDefinitions when a resource first needs them: a hub
 * that only reads pays nothing, and one that is sent Patients knows no MedicinalProduct.
 */
import { loadDataType } from '@medplum/core'
import type { StructureDefinition } from '@medplum/fhirtypes'
import { STRUCTURE_BASE, type Definitions } from '../definitions.ts'
import { isJsonObject, textOf, type JsonObject } from '../json.ts'
import { RESOURCE_TYPES } from '../resource-types-table.ts'
import { ruleTree, type RuleTree } from './element-rule.ts'
import { withSnapshot } from './snapshot.ts'

export interface Rulebook {
  /** A base type by its name: `Patient`, `Period`. */
  type(name: string): RuleTree | undefined
  /** A profile, extension or type by its canonical URL, with or without a version. */
  profile(canonical: string): RuleTree | undefined
  /** The project's profile of a type, which holds for all that is written; its others must be claimed. */
  ownOf(type: string): RuleTree | undefined
}

const CONCRETE = new Set(RESOURCE_TYPES)

export function isResourceType(name: string): boolean {
  return CONCRETE.has(name)
}

/** `own` are StructureDefinitions with or without snapshots; other resources are passed over. */
export function makeRulebook(definitions: Definitions, own: readonly unknown[]): Rulebook {
  const profiles = own.filter(isStructureDefinition)
  const ownByUrl = new Map(profiles.map((profile) => [String(profile.url), profile]))
  const trees = new Map<string, RuleTree | undefined>()
  const definitionOf = (url: string): JsonObject | undefined => {
    const mine = ownByUrl.get(url)
    return mine === undefined ? definitions.structure(url) : withSnapshot(mine, definitionOf)
  }
  const profile = (canonical: string): RuleTree | undefined => {
    const [url = ''] = canonical.split('|')
    if (!trees.has(url)) trees.set(url, build(definitionOf(url)))
    return trees.get(url)
  }
  return {
    type: (name) => (/^[A-Za-z0-9]+$/.test(name) ? profile(STRUCTURE_BASE + name) : undefined),
    profile,
    ownOf(type) {
      const url = `${OWN_BASE}samsyn-${kebab(type)}`
      return ownByUrl.has(url) ? profile(url) : undefined
    },
  }
}

/** The profile of all ImagingStudies is `…/samsyn-imaging-study`. */
const OWN_BASE = 'https://samsyn.no/fhir/StructureDefinition/'

function kebab(type: string): string {
  return type.replaceAll(/(?!^)([A-Z])/g, '-$1').toLowerCase()
}

function build(definition: JsonObject | undefined): RuleTree | undefined {
  if (definition === undefined) return undefined
  // FHIRPath needs to know types; a profile must not take its base's place there.
  if (definition.derivation !== 'constraint' && isLoadable(definition)) loadDataType(definition)
  return ruleTree(definition)
}

function isLoadable(definition: JsonObject): definition is JsonObject & StructureDefinition {
  return isStructureDefinition(definition) && isJsonObject(definition.snapshot)
}

function isStructureDefinition(value: unknown): value is JsonObject {
  return (
    isJsonObject(value) &&
    value.resourceType === 'StructureDefinition' &&
    textOf(value.url) !== undefined
  )
}
