/**
 * Search expressions as functions: each is compiled once and then walks plain JSON, since a study of 60
 * instances is indexed at every write. The tests hold it against @medplum/core's evaluator.
 */
import { isJsonObject, listOf, textOf, type JsonObject } from './json.ts'
import type { PathExpression, PathStep } from './search-path-syntax.ts'

/** Values found in `context`, lists flattened; `root` is the whole resource. */
export type Find = (context: unknown, root: JsonObject) => readonly unknown[]

export function compilePath(expression: PathExpression): Find {
  switch (expression.kind) {
    case 'union': {
      const all = expression.of.map(compilePath)
      return (context, root) => all.flatMap((find) => find(context, root))
    }
    case 'and': {
      const all = expression.of.map(compilePath)
      return (context, root) => [all.every((find) => isTrue(find(context, root)))]
    }
    case 'compare':
      return comparison(expression)
    case 'is': {
      const find = compilePath(expression.of)
      return (context, root) => [isOfType(find(context, root), expression.type)]
    }
    case 'literal':
      return () => [expression.value]
    case 'path':
      return path(expression)
  }
}

function isTrue(values: readonly unknown[]): boolean {
  return values.length === 1 && values[0] === true
}

function comparison({ equal, sides }: Extract<PathExpression, { readonly kind: 'compare' }>): Find {
  const [left, right] = [compilePath(sides[0]), compilePath(sides[1])]
  return (context, root) => {
    const [ones, others] = [left(context, root), right(context, root)]
    // FHIRPath section 6.1: nothing is neither equal nor unequal to anything.
    if (ones.length === 0 || others.length === 0) return []
    const same = ones.length === others.length && ones.every((one, at) => one === others[at])
    return [same === equal]
  }
}

function isOfType(values: readonly unknown[], type: string): boolean {
  const [only, ...more] = values
  return isJsonObject(only) && more.length === 0 && only.resourceType === type
}

type Values = readonly unknown[]
type Step = (values: Values, root: JsonObject) => Values

function path({ start, steps }: Extract<PathExpression, { readonly kind: 'path' }>): Find {
  const walk = typedNames(steps).map(compileStep)
  const inner = typeof start === 'string' ? undefined : compilePath(start)
  return (context, root) => {
    let values = inner === undefined ? [start === 'root' ? root : context] : inner(context, root)
    for (const step of walk) values = step(values, root)
    return values
  }
}

/** JSON writes the type of a choice into its name, so that `ofType` belongs to the step before it. */
function typedNames(steps: readonly PathStep[]): readonly PathStep[] {
  const typed: PathStep[] = []
  for (const step of steps) {
    const before = typed.at(-1)
    if (step.kind === 'of-type' && before?.kind === 'property') {
      typed.splice(-1, 1, { kind: 'property', name: typedName(before.name, step.type) })
    } else typed.push(step)
  }
  return typed
}

function typedName(name: string, type: string): string {
  return name + type.charAt(0).toUpperCase() + type.slice(1)
}

function compileStep(step: PathStep): Step {
  switch (step.kind) {
    case 'property':
      return CHOICES.has(step.name) ? choice(step.name) : property(step.name)
    case 'extension': {
      const extensions = property('extension')
      return (values, root) =>
        extensions(values, root).filter((one) => isJsonObject(one) && one.url === step.url)
    }
    case 'where': {
      const holds = compilePath(step.condition)
      return (values, root) => values.filter((value) => isTrue(holds(value, root)))
    }
    case 'index':
      return (values) => values.slice(step.at, step.at + 1)
    case 'exists':
      return (values) => [values.length > 0]
    case 'resolve':
      return (values, root) => values.flatMap((value) => resolve(value, root))
    case 'of-type':
      // Of whole values: in plain JSON only a resource tells its type.
      return (values) => values.filter((value) => isOfType([value], step.type))
  }
}

function property(name: string): Step {
  return (values) => {
    const found: unknown[] = []
    for (const value of values) if (isJsonObject(value)) collect(found, value[name])
    return found
  }
}

function collect(found: unknown[], value: unknown): void {
  if (value === undefined || value === null) return
  if (!Array.isArray(value)) found.push(value)
  else for (const one of value as readonly unknown[]) if (one !== null) found.push(one)
}

/** Elements with a choice of types that a search expression names without one; elsewhere they may be plain. */
const CHOICES = new Set([
  'collected',
  'created',
  'deceased',
  'definition',
  'effective',
  'event',
  'identified',
  'occurrence',
  'performed',
  'probability',
  'scheduled',
  'source',
  'value',
])

function choice(name: string): Step {
  return (values) => {
    const found: unknown[] = []
    for (const value of values) if (isJsonObject(value)) collect(found, chosen(value, name))
    return found
  }
}

function chosen(object: JsonObject, name: string): unknown {
  if (object[name] !== undefined) return object[name]
  for (const key in object) {
    if (key.startsWith(name) && /[A-Z]/.test(key.charAt(name.length))) return object[key]
  }
  return undefined
}

/** What a reference leads to, as far as the reference itself or the resource tells: its type. */
function resolve(value: unknown, root: JsonObject): Values {
  const reference = isJsonObject(value) ? textOf(value.reference) : textOf(value)
  if (reference?.startsWith('#') === true) {
    const id = reference.slice(1)
    return listOf(root.contained).filter((one) => isJsonObject(one) && one.id === id)
  }
  const type = /(?:^|\/)([A-Z][A-Za-z]+)\/[^/]+(?:\/_history\/[^/]+)?$/.exec(reference ?? '')?.[1]
  const named = type ?? (isJsonObject(value) ? textOf(value.type) : undefined)
  return named === undefined ? [] : [{ resourceType: named }]
}

/** Dotted paths of the JSON where the values of an expression are; empty where a condition picks among them. */
export function plainPaths(expression: PathExpression): readonly string[] {
  if (expression.kind === 'union') {
    const paths = expression.of.map(plainPaths)
    return paths.every((one) => one.length > 0) ? paths.flat() : []
  }
  if (expression.kind !== 'path') return []
  const { start, steps } = expression
  const [before] = typeof start === 'string' ? [''] : plainPaths(start)
  const names = typedNames(steps.filter((step) => !isResolving(step))).map((step) =>
    step.kind === 'property' ? step.name : undefined,
  )
  if (before === undefined || start === 'root' || names.includes(undefined)) return []
  return [[before, ...names].filter((name) => name !== '').join('.')]
}

/** `where(resolve() is T)` picks among references, which a plain path may leave to its reader. */
function isResolving(step: PathStep): boolean {
  return step.kind === 'where' && step.condition.kind === 'is'
}
