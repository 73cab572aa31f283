/** Reference parameters, chains and `_has` (R4 search, sections 3.1.1.4.11, 3.1.1.5 and 3.1.1.6). */
import {
  MAX_KEYS,
  UNKNOWN_MODIFIER,
  type Asking,
  type ParameterName,
  type ReadParameter,
  type Understanding,
} from './parse-name.ts'
import { askedTokenKeys, keysCondition } from './parse-token.ts'
import { identifierCode, targetKey } from './search-keys.ts'
import { findParameter, type SearchParameter } from './search-parameters.ts'
import { REGISTRY_TYPES } from './search-specifics-table.ts'
import { alternatives, unescape } from './search-text.ts'
import type { Condition, Link } from './search.ts'

export interface AskedReference {
  readonly name: ParameterName
  readonly parameter: SearchParameter
  readonly value: string
}

export function referenceConditions(
  asked: AskedReference,
  asking: Asking,
  read: ReadParameter,
): Understanding {
  const { name, parameter, value } = asked
  const { modifier, chain } = name
  if (modifier === 'identifier' && chain === undefined) return [identified(parameter, value)]
  if (modifier !== undefined && !parameter.targets.includes(modifier)) return UNKNOWN_MODIFIER
  if (chain !== undefined) return chained({ ...asked, chain }, asking, read)
  const targets = alternatives(value).flatMap((text) =>
    askedTargets(unescape(text), asked, asking.base),
  )
  return targets.length > MAX_KEYS ? TOO_MANY_TARGETS : [targetCondition(parameter, targets)]
}

const TOO_MANY_TARGETS = 'So many ids could be of very many types: write each as Type/id'

/**
 * `patient.identifier` goes through the Patient rows, and so does `patient:identifier`: the registry's
 * references are resolved, so both ask the same. Other references know their target by `:identifier` only.
 */
function identified(parameter: SearchParameter, value: string): Condition {
  const { code, column, targets } = parameter
  if (column === 'custodian') {
    const of = [keysCondition(identifierKeys(parameter, 'identifier', value))]
    return { kind: 'chain', link: { code, column }, target: 'Organization', of }
  }
  const named = keysCondition(identifierKeys(parameter, identifierCode(code), value))
  if (column === undefined) return named
  const patients = ofPatients(parameter, value)
  return targets.every(isPatient) ? patients : { kind: 'any', of: [patients, named] }
}

function ofPatients(parameter: SearchParameter, value: string): Condition {
  return { kind: 'patient-identifier', anyOf: identifierKeys(parameter, 'identifier', value) }
}

function identifierKeys(
  parameter: SearchParameter,
  code: string,
  value: string,
): readonly string[] {
  return askedTokenKeys({ ...parameter, code }, alternatives(value))
}

function isPatient(type: string): boolean {
  return type === 'Patient'
}

/** `id`, `Type/id`, a URL or canonical; a bare id may be of any type the parameter refers to. */
export function askedTargets(
  text: string,
  { name, parameter }: Pick<AskedReference, 'name' | 'parameter'>,
  base: string,
): readonly string[] {
  const own = text.startsWith(`${base}/`) ? text.slice(base.length + 1) : text
  const target = own.replace(/\/_history\/[^/]*$/, '')
  const { modifier } = name
  const types = modifier === undefined ? parameter.targets : [modifier]
  if (/[/:|]/.test(target)) {
    const isOfType = modifier === undefined || `/${target}`.includes(`/${modifier}/`)
    return isOfType ? [target] : []
  }
  return types.length === 0 ? [target] : types.map((type) => `${type}/${target}`)
}

/** By the row's column as far as it holds such references, else by key. */
function targetCondition({ code, column }: SearchParameter, targets: readonly string[]): Condition {
  const type = { patient: 'Patient/', custodian: 'Organization/' }[column ?? 'custodian']
  const inColumn = targets.filter((target) => column !== undefined && isIdOf(type, target))
  const keys = keysCondition(
    targets.filter((one) => !inColumn.includes(one)).map((one) => targetKey(code, one)),
  )
  if (column === undefined || inColumn.length === 0) return keys
  const ids = { kind: column, anyOf: inColumn.map((one) => one.slice(type.length)) } as const
  return keys.kind === 'never' ? ids : { kind: 'any', of: [ids, keys] }
}

function isIdOf(type: string, target: string): boolean {
  return target.startsWith(type) && !target.includes('/', type.length)
}

interface AskedChain extends AskedReference {
  readonly chain: string
}

/** Any of the types that have the parameter which the chain goes on to. */
function chained(
  { name, parameter, value, chain }: AskedChain,
  asking: Asking,
  read: ReadParameter,
): Understanding {
  const { modifier } = name
  const reachable = parameter.targets.filter((type) => REGISTRY_TYPES.includes(type))
  const targets = modifier === undefined ? reachable : [modifier]
  const any: Condition[] = []
  for (const target of targets) {
    if (isPatient(target) && chain === 'identifier' && parameter.column === 'patient') {
      any.push(ofPatients(parameter, value))
      continue
    }
    const of = followed(() => read(chain, value, inside(asking, target)), asking)
    if (typeof of === 'string') return of
    if (of !== undefined) any.push({ kind: 'chain', link: linkOf(parameter, target), target, of })
  }
  if (any.length === 0) return undefined
  return any.length === 1 ? any : [{ kind: 'any', of: any }]
}

/** `_has:Type:reference:parameter`: what refers to this row and has that. */
export function hasConditions(
  name: string,
  { value, asking }: { readonly value: string; readonly asking: Asking },
  read: ReadParameter,
): Understanding {
  const [, source = '', code = '', ...rest] = name.split(':')
  const parameter = findParameter(source, code)
  if (parameter?.kind !== 'reference' || rest.length === 0) return undefined
  if (!REGISTRY_TYPES.includes(source) || !parameter.targets.includes(asking.type)) return undefined
  const of = followed(() => read(rest.join(':'), value, inside(asking, source)), asking)
  if (of === undefined || typeof of === 'string') return of
  return [{ kind: 'has', source, link: linkOf(parameter, asking.type), of }]
}

export const MAX_DEPTH = 3
export const MAX_LINKS = 64

function followed(read: () => Understanding, { depth, budget }: Asking): Understanding {
  if (depth <= 0) return `A search follows at most ${MAX_DEPTH} references in a row`
  if (budget.links <= 0)
    return 'A search over so many references: name the type, as subject:Patient.name'
  const understood = read()
  if (Array.isArray(understood)) budget.links--
  return understood
}

function inside(asking: Asking, type: string): Asking {
  return { ...asking, type, depth: asking.depth - 1 }
}

/** How a reference parameter is held where it leads to this type. */
export function linkOf({ code, column }: SearchParameter, target: string): Link {
  const isColumn = column === 'custodian' || (column === 'patient' && target === 'Patient')
  return isColumn ? { code, column } : { code }
}
