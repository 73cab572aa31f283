/** What a Reference may say and lead to (R4 references, section 2.3.0). */
import { STRUCTURE_BASE } from '../definitions.ts'
import { textOf, type JsonObject } from '../json.ts'
import type { TypeRule } from './element-rule.ts'
import { isResourceType, type Rulebook } from './rulebook.ts'
import { target, type Scope } from './scope.ts'

const ABSOLUTE = /^[A-Za-z][A-Za-z0-9+.-]*:\S+$/
const CONDITIONAL = /^([A-Z][A-Za-z]+)\?\S+$/
const LITERAL =
  /(?:^|\/)([A-Z][A-Za-z]+)\/[A-Za-z0-9\-.]{1,64}(?:\/_history\/[A-Za-z0-9\-.]{1,64})?$/
/** A longer one is not matched against patterns. */
const MAX_REFERENCE = 2_048

export interface References {
  /** What is wrong with a Reference at an element that allows `type`'s targets. */
  fault(reference: JsonObject, type: TypeRule, scope: Scope): string | undefined
  /** The resource type it leads to, as far as can be told. */
  typeOf(reference: JsonObject, scope: Scope): string | undefined
}

export function makeReferences(rulebook: Rulebook): References {
  const typeOf: References['typeOf'] = (reference, scope) => {
    const literal = textOf(reference.reference)
    const found = literal === undefined ? undefined : target(literal, scope)
    const named = literal === undefined ? undefined : namedType(literal)
    const known = named !== undefined && isResourceType(named) ? named : undefined
    return textOf(found?.resourceType) ?? known ?? textOf(reference.type)
  }
  const baseType = (canonical: string): string | undefined => {
    const name = canonical.startsWith(STRUCTURE_BASE) ? canonical.slice(STRUCTURE_BASE.length) : ''
    return isResourceType(name) ? name : rulebook.profile(canonical)?.type
  }
  return {
    typeOf,
    fault(reference, type, scope) {
      const literal = textOf(reference.reference)
      const form = literal === undefined ? undefined : formFault(literal)
      if (form !== undefined) return form
      const actual = typeOf(reference, scope)
      if (actual === undefined || type.targets.length === 0) return undefined
      const allowed = type.targets.map(baseType)
      if (allowed.some((one) => one === undefined || one === 'Resource' || one === actual)) {
        return undefined
      }
      return `A reference to ${allowed.join(' or ')}, not to ${actual.slice(0, 64)}`
    },
  }
}

function namedType(literal: string): string | undefined {
  if (literal.length > MAX_REFERENCE) return undefined
  return (CONDITIONAL.exec(literal) ?? LITERAL.exec(literal))?.[1]
}

function formFault(literal: string): string | undefined {
  if (literal.length > MAX_REFERENCE) return `A reference has at most ${MAX_REFERENCE} characters`
  if (literal.startsWith('#') || ABSOLUTE.test(literal)) return undefined
  const type = namedType(literal)
  return type !== undefined && literal.startsWith(type) && isResourceType(type)
    ? undefined
    : 'Not a reference: Type/id, an absolute URL, or #id of what is contained'
}
