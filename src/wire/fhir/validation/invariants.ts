/**
 * FHIRPath invariants. @medplum/core evaluates them; those that hold for every element, and those that
 * need what it lacks (descendants, %rootResource, XHTML), are written out here and in `native-invariants.ts`.
 */
import { evalFhirPathTyped, parseFhirPath, type FhirPathAtom } from '@medplum/core'
import type { TypedValue } from '@medplum/core'
import { isJsonObject } from '../json.ts'
import type { Constraint } from './element-rule.ts'
import { NATIVE_INVARIANTS } from './native-invariants.ts'
import type { Scope } from './scope.ts'

export interface Invariants {
  /** False where the constraint is broken; a constraint that cannot be evaluated holds. */
  holds(constraint: Constraint, value: unknown, at: EvaluatedAt): boolean
}

export interface EvaluatedAt {
  readonly type: string
  readonly scope: Scope
}

const UCUM = { type: 'string', value: 'http://unitsofmeasure.org' }

export function makeInvariants(): Invariants {
  const parsed = new Map<string, FhirPathAtom | undefined>()
  const parse = (expression: string): FhirPathAtom | undefined => {
    if (!parsed.has(expression)) parsed.set(expression, tryParse(expression))
    return parsed.get(expression)
  }
  return {
    holds(constraint, value, { type, scope }) {
      const native = NATIVE_INVARIANTS.get(constraint.key)
      if (native !== undefined) return native(value, scope)
      const expression = parse(constraint.expression)
      return (
        expression === undefined || isTrue(expression, { type, value: scope.plain(value) }, scope)
      )
    },
  }
}

function tryParse(expression: string): FhirPathAtom | undefined {
  try {
    return expression === '' ? undefined : parseFhirPath(expression)
  } catch {
    return undefined
  }
}

function isTrue(expression: FhirPathAtom, input: TypedValue, scope: Scope): boolean {
  const variables = {
    '%ucum': UCUM,
    '%context': input,
    '%resource': typed(scope.plain(scope.resource)),
    '%rootResource': typed(scope.plain(scope.root)),
  }
  try {
    const results = evalFhirPathTyped(expression, [input], variables)
    return results.every(({ value }) => value !== false)
  } catch {
    return true
  }
}

function typed(resource: unknown): TypedValue {
  return { type: isJsonObject(resource) ? String(resource.resourceType) : '', value: resource }
}
