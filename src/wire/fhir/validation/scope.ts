/** Where in a body the validator is: which resource, inside which, and what its references can reach. */
import { isJsonObject, listOf, textOf, type JsonObject } from '../json.ts'

export interface Scope {
  /** FHIRPath's %resource. */
  readonly resource: JsonObject
  /** FHIRPath's %rootResource: the container of a contained resource, else the resource itself. */
  readonly root: JsonObject
  /** Contained resources of the root by their id. */
  readonly contained: ReadonlyMap<string, JsonObject>
  /** What a reference from here leads to beside the resource: in the same Bundle, or the same Parameters. */
  readonly beside: (reference: string) => JsonObject | undefined
  /** The value as FHIRPath can read it: with ordinary numbers. */
  readonly plain: (value: unknown) => unknown
}

export type Surroundings = Pick<Scope, 'beside' | 'plain'>

export function scopeOf(resource: JsonObject, { beside, plain }: Surroundings): Scope {
  const contained = new Map(
    listOf(resource.contained)
      .filter(isJsonObject)
      .flatMap((one): [string, JsonObject][] => {
        const id = textOf(one.id)
        return id === undefined ? [] : [[id, one]]
      }),
  )
  return { resource, root: resource, contained, beside, plain }
}

export function containedScope(resource: JsonObject, within: Scope): Scope {
  return { ...within, resource }
}

/** The resource a reference leads to, where it is at hand. */
export function target(reference: string, scope: Scope): JsonObject | undefined {
  if (reference === '#') return scope.root
  if (reference.startsWith('#')) return scope.contained.get(reference.slice(1))
  return scope.beside(reference)
}
