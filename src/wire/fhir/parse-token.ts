/** Token parameters (R4 search, section 3.1.1.4.10). */
import { foldText } from '../../domain/identity/fold-text.ts'
import { MAX_KEYS, UNKNOWN_MODIFIER, type Asking, type Understanding } from './parse-name.ts'
import { textCode, tokenKey, typedIdentifierKey, type Token } from './search-keys.ts'
import type { SearchParameter } from './search-parameters.ts'
import { alternatives, parseToken, splitUnescaped, unescape } from './search-text.ts'
import type { Condition } from './search.ts'

export function tokenConditions(
  parameter: SearchParameter,
  { modifier, value }: { readonly modifier: string | undefined; readonly value: string },
  asking: Asking,
): Understanding {
  const values = alternatives(value)
  switch (modifier) {
    case undefined:
      return [identifying(parameter, values, asking)]
    case 'not':
      return [{ kind: 'not', of: identifying(parameter, values, asking) }]
    case 'text':
      return [textCondition(textCode(parameter.code), { match: 'begins', values })]
    case 'of-type':
      return parameter.ofType ? typedIdentifiers(parameter, values) : UNKNOWN_MODIFIER
    case 'in':
    case 'not-in':
      return memberCondition(parameter, { modifier, values }, asking)
    default:
      return UNKNOWN_MODIFIER
  }
}

/** A person is found by what only their custodians know too, as far as those custodians' material is to be seen. */
function identifying(
  parameter: SearchParameter,
  values: readonly string[],
  { type }: Asking,
): Condition {
  const anyOf = askedTokenKeys(parameter, values)
  const isPerson = type === 'Patient' && parameter.code === 'identifier'
  return isPerson ? { kind: 'own-identifier', anyOf } : keysCondition(anyOf)
}

export function keysCondition(anyOf: readonly string[]): Condition {
  return anyOf.length === 0 ? { kind: 'never' } : { kind: 'keys', anyOf }
}

export function askedTokenKeys(
  parameter: SearchParameter,
  values: readonly string[],
): readonly string[] {
  return values.flatMap((text) => askedTokenKey(parameter, parseToken(text)) ?? [])
}

/** Undefined where no element can match. */
function askedTokenKey(
  { code, implied, within }: SearchParameter,
  token: Token,
): string | undefined {
  if (within !== undefined) {
    const isWithin = token.system === undefined || token.system === within.system
    return isWithin
      ? tokenKey(within.code, { system: within.system, value: token.value })
      : undefined
  }
  if (implied === undefined) return tokenKey(code, token)
  if (token.system !== undefined && !implied.includes(token.system)) return undefined
  return token.value === '' ? code : tokenKey(code, { value: token.value })
}

/** `system|code|value` */
function typedIdentifiers(parameter: SearchParameter, values: readonly string[]): Understanding {
  const keys = values.map((text) => {
    const [system = '', code = '', value = '', ...more] = splitUnescaped(text, '|').map(unescape)
    const isWhole = code !== '' && value !== '' && more.length === 0
    return isWhole ? typedIdentifierKey(parameter.code, { system, code }, value) : undefined
  })
  if (keys.includes(undefined))
    return 'The form is system|code|value: the type of the identifier, then its value'
  return [keysCondition(keys.filter((key) => key !== undefined))]
}

function memberCondition(
  parameter: SearchParameter,
  { modifier, values }: { readonly modifier: 'in' | 'not-in'; readonly values: readonly string[] },
  { enumerate }: Asking,
): Understanding {
  const keys: string[] = []
  for (const text of values) {
    const members = enumerate(unescape(text))
    if (members === undefined) return 'No such value set can be listed here'
    keys.push(...members.flatMap((member) => askedTokenKey(parameter, member) ?? []))
  }
  if (keys.length > MAX_KEYS) return `A value set may have ${MAX_KEYS} codes here`
  const condition = keysCondition(keys)
  return [modifier === 'in' ? condition : { kind: 'not', of: condition }]
}

/** Folded; what folds to nothing is found by nothing, or it would match everything. */
export function textCondition(
  code: string,
  { match, values }: { readonly match: 'begins' | 'contains'; readonly values: readonly string[] },
): Condition {
  const anyOf = values.map((text) => foldText(unescape(text))).filter((text) => text !== '')
  return anyOf.length === 0 ? { kind: 'never' } : { kind: 'text', code, match, anyOf }
}
