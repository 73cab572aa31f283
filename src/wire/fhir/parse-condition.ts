/** One repetition of one search parameter, by the parameter's kind. */
import { foldText } from '../../domain/identity/fold-text.ts'
import { findParameter } from './search-parameters.ts'
import type { ReferenceParameter, SearchParameter } from './search-parameters.ts'
import { alternatives, parseDateTest, parseToken, unescape } from './search-text.ts'
import { referenceEntry, stringEntry, tokenEntry } from './search-values.ts'
import type { Condition, DatePlace } from './search.ts'

export interface ParameterText {
  readonly code: string
  readonly modifier?: string | undefined
  readonly chain?: string | undefined
}

export interface ConditionContext {
  readonly type: string
  readonly value: string
  readonly base: string
}

/** A condition, a text saying what is wrong, or undefined for a parameter the type does not have. */
type Understanding = Condition | string | undefined

export function conditionOf(name: ParameterText, context: ConditionContext): Understanding {
  if (name.code === '_id' || name.code === '_lastUpdated') return commonCondition(name, context)
  const parameter = findParameter(context.type, name.code)
  if (parameter === undefined) return undefined
  if (name.modifier === 'missing') return missingCondition(parameter, context.value)
  if (parameter.kind === 'reference') return referenceCondition(name, parameter, context)
  if (name.chain !== undefined) return undefined
  if (context.type === 'Patient' && name.code === 'identifier' && name.modifier === undefined)
    return { kind: 'own-identifier', anyOf: tokenEntries('identifier', context.value) }
  return plainCondition(parameter, name.modifier, context.value)
}

const UNKNOWN_MODIFIER = 'This modifier is not supported here'

function commonCondition(name: ParameterText, { value }: ConditionContext): Understanding {
  if (name.modifier !== undefined || name.chain !== undefined) return UNKNOWN_MODIFIER
  if (name.code === '_id') return { kind: 'id', anyOf: alternatives(value).map(unescape) }
  return dateCondition({ in: 'last-updated' }, value)
}

function plainCondition(
  parameter: Exclude<SearchParameter, ReferenceParameter>,
  modifier: string | undefined,
  value: string,
): Understanding {
  switch (parameter.kind) {
    case 'token':
      return tokenCondition(parameter.code, modifier, value)
    case 'string':
      return stringCondition(parameter.code, modifier, value)
    case 'date':
      return modifier === undefined
        ? dateCondition(
            parameter.primary ? { in: 'clinical-date' } : { in: 'strings', code: parameter.code },
            value,
          )
        : UNKNOWN_MODIFIER
  }
}

function tokenCondition(code: string, modifier: string | undefined, value: string): Understanding {
  if (modifier !== undefined && modifier !== 'not') return UNKNOWN_MODIFIER
  return { kind: modifier === 'not' ? 'not-token' : 'token', anyOf: tokenEntries(code, value) }
}

function tokenEntries(code: string, value: string): string[] {
  return alternatives(value).map((one) => tokenEntry(code, parseToken(one)))
}

function stringCondition(code: string, modifier: string | undefined, value: string): Understanding {
  const texts = alternatives(value).map(unescape)
  if (modifier === 'exact') {
    return { kind: 'exact-string', anyOf: texts.map((text) => stringEntry(code, 'exact', text)) }
  }
  if (modifier !== undefined && modifier !== 'contains') return UNKNOWN_MODIFIER
  const match = modifier === 'contains' ? 'contains' : 'begins'
  return { kind: 'string', code, match, anyOf: texts.map(foldText) }
}

function dateCondition(place: DatePlace, value: string): Understanding {
  const tests = alternatives(value).map(parseDateTest)
  if (tests.includes(undefined)) {
    return 'Not a date: YYYY, YYYY-MM, YYYY-MM-DD or a time with a zone, after an optional prefix'
  }
  return { kind: 'date', place, anyOf: tests.filter((test) => test !== undefined) }
}

function missingCondition(parameter: SearchParameter, value: string): Understanding {
  if (value !== 'true' && value !== 'false') return 'One of true, false'
  const { code } = parameter
  return { kind: 'missing', where: placeOf(parameter), code, missing: value === 'true' }
}

function placeOf(
  parameter: SearchParameter,
): Extract<Condition, { readonly kind: 'missing' }>['where'] {
  if (parameter.kind === 'token') return 'tokens'
  if (parameter.kind === 'reference') return parameter.column ?? 'refs'
  return parameter.kind === 'date' && parameter.primary ? 'clinical-date' : 'strings'
}

function referenceCondition(
  name: ParameterText,
  parameter: ReferenceParameter,
  { value, base }: ConditionContext,
): Understanding {
  if (name.chain === 'identifier' || name.modifier === 'identifier') {
    return identifiedCondition(name, parameter, value)
  }
  if (name.chain !== undefined) return undefined
  if (name.modifier !== undefined && !parameter.targets.includes(name.modifier)) {
    return UNKNOWN_MODIFIER
  }
  const targets = name.modifier === undefined ? parameter.targets : [name.modifier]
  const references = alternatives(value)
    .map(unescape)
    .flatMap((text) => localReferences(text, targets, base))
  if (parameter.column === undefined) {
    const { code } = parameter
    return { kind: 'reference', anyOf: references.map((one) => referenceEntry(code, one)) }
  }
  return { kind: 'patient', anyOf: references.flatMap(patientIdOf) }
}

/**
 * `patient.identifier` goes through the Patient rows, and so does `patient:identifier`: the registry's
 * references are resolved, so both ask the same. Other references know their target by `:identifier` only.
 */
function identifiedCondition(
  name: ParameterText,
  parameter: ReferenceParameter,
  value: string,
): Understanding {
  if (parameter.column === 'patient') {
    return { kind: 'patient-identifier', anyOf: tokenEntries('identifier', value) }
  }
  if (name.modifier === undefined) return undefined
  return { kind: 'token', anyOf: tokenEntries(`${parameter.code}:identifier`, value) }
}

/** `id`, `Type/id` or an absolute URL; a bare id may be of any type the parameter refers to. */
function localReferences(
  text: string,
  targets: readonly string[],
  base: string,
): readonly string[] {
  const local = text.startsWith(`${base}/`) ? text.slice(base.length + 1) : text
  return local.includes('/') || local.includes(':')
    ? [local]
    : targets.map((target) => `${target}/${local}`)
}

function patientIdOf(reference: string): readonly string[] {
  return reference.startsWith('Patient/') ? [reference.slice('Patient/'.length)] : []
}
