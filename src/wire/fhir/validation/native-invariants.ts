/** Invariants of R4 that @medplum/core's FHIRPath cannot evaluate, or that are met too often to interpret. */
import { isJsonObject, listOf, textOf, valuesAt, type JsonObject } from '../json.ts'
import { isSurelyBefore, isSurelyLess } from './order.ts'
import type { Scope } from './scope.ts'

type Native = (value: unknown, scope: Scope) => boolean

export const NATIVE_INVARIANTS: ReadonlyMap<string, Native> = new Map<string, Native>([
  ['ext-1', hasOneContent],
  ['ref-1', isReachable],
  ['per-1', (value) => isJsonObject(value) && !isSurelyBefore(value.end, value.start)],
  ['rng-2', (value) => isJsonObject(value) && !isSurelyLess(value.high, value.low)],
  [
    'mdd-1',
    (value) => isJsonObject(value) && !isSurelyBefore(value.whenHandedOver, value.whenPrepared),
  ],
  ['dom-2', (value) => valuesAtObject(value, 'contained.contained').length === 0],
  ['dom-3', isContainedUsed],
  [
    'dom-4',
    (value) =>
      valuesAtObject(value, 'contained.meta.versionId').length === 0 &&
      valuesAtObject(value, 'contained.meta.lastUpdated').length === 0,
  ],
  ['dom-5', (value) => valuesAtObject(value, 'contained.meta.security').length === 0],
  ['dom-6', (value) => valuesAtObject(value, 'text.div').length > 0],
  ['que-2', (value) => isDistinct(named(value, 'linkId'))],
  ['csd-1', (value) => isDistinct(codesOf(value))],
  ['sdf-9', hasPlainRoots],
])

function valuesAtObject(value: unknown, path: string): readonly unknown[] {
  return isJsonObject(value) ? valuesAt(value, path) : []
}

/** ext-1: extensions or a value, not both and not neither. */
function hasOneContent(value: unknown): boolean {
  if (!isJsonObject(value)) return true
  const hasValue = Object.keys(value).some((name) => /^_?value[A-Z]/.test(name))
  return (value.extension !== undefined) !== hasValue
}

/** ref-1: a local reference leads to a contained resource, or from one to its container. */
function isReachable(value: unknown, scope: Scope): boolean {
  const reference = isJsonObject(value) ? textOf(value.reference) : undefined
  if (reference?.startsWith('#') !== true) return true
  if (reference === '#') return scope.resource !== scope.root
  return scope.contained.has(reference.slice(1))
}

/** dom-3: whatever is contained is referred to, or refers to its container. */
function isContainedUsed(value: unknown): boolean {
  if (!isJsonObject(value) || value.contained === undefined) return true
  const used = new Set(localReferences(value))
  return listOf(value.contained)
    .filter(isJsonObject)
    .every((one) => used.has(`#${textOf(one.id) ?? ''}`) || [...localReferences(one)].includes('#'))
}

/** Every text that begins with a hash, as references and canonicals do, and what narratives lead to. */
function* localReferences(value: unknown): Generator<string> {
  if (typeof value === 'string') {
    if (value.startsWith('#')) yield value
    if (value.startsWith('<')) {
      for (const [, link = ''] of value.matchAll(/\s(?:src|href)\s*=\s*["'](#[^"']*)["']/g))
        yield link
    }
  }
  if (typeof value !== 'object' || value === null) return
  for (const one of Object.values(value)) yield* localReferences(one)
}

/** Values of every element of this name, however deep. */
function named(value: unknown, name: string): readonly unknown[] {
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, one]: [string, unknown]) => [
    ...(key === name ? [one] : []),
    ...named(one, name),
  ])
}

function codesOf(codeSystem: unknown): readonly unknown[] {
  return valuesAtObject(codeSystem, 'concept').flatMap((concept) =>
    isJsonObject(concept) ? [concept.code ?? [], codesOf(concept)].flat() : [],
  )
}

function isDistinct(values: readonly unknown[]): boolean {
  return new Set(values).size === values.length
}

/** sdf-9: a structure's first elements have no label, code or requirements. */
function hasPlainRoots(value: unknown): boolean {
  const elements = ['snapshot.element', 'differential.element']
    .flatMap((path) => valuesAtObject(value, path))
    .filter((element): element is JsonObject => isJsonObject(element))
  return elements
    .filter(({ path }) => typeof path === 'string' && !path.includes('.'))
    .every(({ label, code, requirements }) => (label ?? code ?? requirements) === undefined)
}
