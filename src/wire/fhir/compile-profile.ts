/**
 * A profile made ready to validate with: its differential laid over the base snapshot, under a root name
 * of its own. The library keeps definitions by type name and inner types by path, so a profile loaded
 * under its base's name would change the base rules for everyone.
 */
import { loadDataType, validateTypedValue, type ValidatorOptions } from '@medplum/core'
import type {
  ElementDefinition,
  OperationOutcomeIssue,
  StructureDefinition,
} from '@medplum/fhirtypes'
import type { JsonObject } from './json.ts'

/** Issues as the library says them, warnings too; throws its OperationOutcomeError where there are errors. */
export type ProfileCheck = (
  resource: JsonObject,
  options: ValidatorOptions,
) => readonly OperationOutcomeIssue[]

/** Throws on a profile that constrains an element its base does not have. */
export function compileProfile(
  profile: StructureDefinition,
  base: StructureDefinition,
): ProfileCheck {
  const root = `${base.type}By${profile.name}`
  const url = `https://samsyn.no/fhir/compiled/${root}`
  const elements = overlay(base, profile).map((element) => rename(element, base.type, root))
  loadDataType({ ...base, url, type: url, name: root, snapshot: { element: elements } })
  return (resource, options) => validateTypedValue({ type: url, value: resource }, options)
}

function overlay(base: StructureDefinition, profile: StructureDefinition): ElementDefinition[] {
  const elements = base.snapshot?.element ?? []
  const changes = new Map(profile.differential?.element.map((element) => [element.path, element]))
  const merged = elements.map((element) => merge(element, changes.get(element.path)))
  const unknown = [...changes.keys()].find((path) => !elements.some((one) => one.path === path))
  if (unknown !== undefined) {
    throw new Error(`${profile.url} constrains ${unknown}, which ${base.type} does not have`)
  }
  return merged
}

function merge(
  element: ElementDefinition,
  change: ElementDefinition | undefined,
): ElementDefinition {
  if (change === undefined) return element
  const constraint = [...(element.constraint ?? []), ...(change.constraint ?? [])]
  const { id: _id, ...changed } = change
  return { ...element, ...changed, constraint }
}

function rename(element: ElementDefinition, from: string, to: string): ElementDefinition {
  const renamed = (path: string): string =>
    path === from || path.startsWith(`${from}.`) ? to + path.slice(from.length) : path
  const { id, path, base, contentReference } = element
  return {
    ...element,
    path: renamed(path),
    ...(id !== undefined && { id: renamed(id) }),
    ...(base !== undefined && { base: { ...base, path: renamed(base.path) } }),
    ...(contentReference !== undefined && {
      contentReference: `#${renamed(contentReference.slice(contentReference.indexOf('#') + 1))}`,
    }),
  }
}
