/** One repetition of one search parameter, by the parameter's kind. */
import { compositeConditions } from './parse-composite.ts'
import {
  splitName,
  UNKNOWN_MODIFIER,
  type Asking,
  type ParameterName,
  type Understanding,
} from './parse-name.ts'
import {
  dateConditions,
  numberConditions,
  quantityConditions,
  stringConditions,
  uriConditions,
} from './parse-ordered.ts'
import { hasConditions, referenceConditions } from './parse-reference.ts'
import { tokenConditions } from './parse-token.ts'
import { tokenKey } from './search-keys.ts'
import { findParameter, type SearchParameter } from './search-parameters.ts'
import { alternatives, unescape } from './search-text.ts'
import type { Condition } from './search.ts'

/** What `name=value` asks of resources of `asking.type`. */
export function readParameter(name: string, value: string, asking: Asking): Understanding {
  if (alternatives(value).length === 0) return 'There is no value'
  if (name.startsWith('_has:')) return hasConditions(name, { value, asking }, readParameter)
  const split = splitName(name)
  const parameter = findParameter(asking.type, split.code)
  if (parameter === undefined) return undefined
  if (parameter.kind !== 'reference' && split.chain !== undefined) return undefined
  if (split.modifier === 'missing' && split.chain === undefined) return missing(parameter, value)
  return conditionsByKind({ name: split, parameter, value }, asking)
}

interface Asked {
  readonly name: ParameterName
  readonly parameter: SearchParameter
  readonly value: string
}

function conditionsByKind(asked: Asked, asking: Asking): Understanding {
  const { name, parameter, value } = asked
  const { modifier } = name
  switch (parameter.kind) {
    case 'token':
      return parameter.place === 'id'
        ? idConditions(modifier, value)
        : tokenConditions(parameter, { modifier, value }, asking)
    case 'reference':
      return referenceConditions(asked, asking, readParameter)
    case 'string':
      return stringConditions(parameter, modifier, value)
    case 'uri':
      return uriConditions(parameter, modifier, value)
    default:
      return modifier === undefined ? measured(parameter, value, asking) : UNKNOWN_MODIFIER
  }
}

function measured(parameter: SearchParameter, value: string, asking: Asking): Understanding {
  switch (parameter.kind) {
    case 'date':
      return dateConditions(parameter, value)
    case 'number':
      return numberConditions(parameter, value)
    case 'quantity':
      return quantityConditions(parameter, value)
    default:
      return compositeConditions(parameter, value, asking)
  }
}

function idConditions(modifier: string | undefined, value: string): Understanding {
  const ids: Condition = { kind: 'id', anyOf: alternatives(value).map(unescape) }
  if (modifier === undefined) return [ids]
  return modifier === 'not' ? [{ kind: 'not', of: ids }] : UNKNOWN_MODIFIER
}

function missing(parameter: SearchParameter, value: string): Understanding {
  if (value !== 'true' && value !== 'false') return 'One of true, false'
  const there = present(parameter)
  return [value === 'false' ? there : { kind: 'not', of: there }]
}

function present({ code, column, place, within }: SearchParameter): Condition {
  if (place === 'clinical-date') return { kind: 'present', where: 'clinical-date', code }
  // Every row has an id, a time and a custodian.
  if (place !== undefined || column === 'custodian') return { kind: 'not', of: { kind: 'never' } }
  if (within !== undefined) {
    return { kind: 'keys', anyOf: [tokenKey(within.code, { system: within.system, value: '' })] }
  }
  const inKeys: Condition = { kind: 'present', where: 'keys', code }
  if (column !== 'patient') return inKeys
  // A patient of another server has a key alone.
  return { kind: 'any', of: [{ kind: 'present', where: 'patient', code }, inKeys] }
}
