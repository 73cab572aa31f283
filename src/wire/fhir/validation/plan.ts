/** Element rules made ready to walk: children by JSON name, and every invariant that holds for a value. */
import { buildTypeName } from '@medplum/core'
import type { Constraint, ElementRule, RuleTree, TypeRule } from './element-rule.ts'
import type { Rulebook } from './rulebook.ts'

/** An element under one of the names it has in JSON. */
export interface Slot {
  readonly rule: ElementRule
  readonly type: TypeRule
  /** In a FHIRPath: `value.ofType(Quantity)`. */
  readonly step: string
}

/** What holds for an object: an element of one type, or a resource. */
export interface Plan {
  readonly rule: ElementRule
  readonly type: string
  /** @medplum/core's name of the type, by which its FHIRPath finds elements. */
  readonly evaluatedAs: string
  readonly slots: ReadonlyMap<string, Slot>
  readonly required: readonly ElementRule[]
  readonly sliced: readonly ElementRule[]
  readonly constraints: readonly Constraint[]
}

export interface Plans {
  /** Of a resource, or of a whole data type. */
  ofTree(tree: RuleTree): Plan
  /** Of a value of the element with this type. */
  ofElement(rule: ElementRule, type: TypeRule): Plan
  /** What the snapshot says below an element, or else its type. */
  childrenOf(rule: ElementRule, type: TypeRule | undefined): readonly ElementRule[]
}

/** What the walker holds every element and narrative to, without asking for it by name. */
const ALWAYS_CHECKED = new Set(['ele-1', 'txt-1', 'txt-2'])
const ANONYMOUS = new Set(['BackboneElement', 'Element'])

export function makePlans(rulebook: Rulebook): Plans {
  const known = new WeakMap<ElementRule, Map<TypeRule, Plan>>()
  const whole = new WeakMap<RuleTree, TypeRule>()

  const childrenOf: Plans['childrenOf'] = (rule, type) => {
    if (rule.sameAs !== undefined) return childrenOf(rule.sameAs, rule.sameAs.types[0])
    if (rule.children.length > 0) return rule.children
    const inherited = rule.sliceOf?.children ?? []
    if (inherited.length > 0) return inherited
    return rootsOf(rulebook, type)[0]?.children ?? []
  }

  const ofElement: Plans['ofElement'] = (rule, type) => {
    const plans = known.get(rule) ?? new Map<TypeRule, Plan>()
    known.set(rule, plans)
    const made = plans.get(type) ?? makePlan(rule, type, childrenOf(rule, type))
    plans.set(type, made)
    return made
  }

  const makePlan = (rule: ElementRule, type: TypeRule, children: readonly ElementRule[]): Plan => ({
    rule,
    type: type.code,
    evaluatedAs: evaluatedAs(rule.sameAs ?? rule, type.code),
    slots: new Map(children.flatMap(slotsOf)),
    required: children.filter((child) => child.min > 0),
    sliced: children.filter((child) => child.slices.length > 0),
    constraints: distinct([
      ...rule.constraints,
      ...(rule.sliceOf?.constraints ?? []),
      ...rootsOf(rulebook, type).flatMap((root) => root.constraints),
    ]).filter(({ key }) => !ALWAYS_CHECKED.has(key)),
  })

  return {
    ofTree(tree) {
      const type = whole.get(tree) ?? { code: tree.type, profiles: [], targets: [] }
      whole.set(tree, type)
      return ofElement(tree.root, type)
    },
    ofElement,
    childrenOf,
  }
}

/** The type's profiles that are known, and then the type. */
function rootsOf(rulebook: Rulebook, type: TypeRule | undefined): readonly ElementRule[] {
  if (type === undefined) return []
  const [only, ...others] = type.profiles
  const profile = only === undefined || others.length > 0 ? undefined : rulebook.profile(only)
  return [profile?.root ?? [], rulebook.type(type.code)?.root ?? []].flat()
}

function slotsOf(rule: ElementRule): readonly (readonly [string, Slot])[] {
  if (!rule.choice) {
    const type = rule.types[0] ?? rule.sameAs?.types[0] ?? { code: '', profiles: [], targets: [] }
    return [[rule.name, { rule, type, step: rule.name }]]
  }
  return rule.types.map((type) => [
    rule.name + type.code.charAt(0).toUpperCase() + type.code.slice(1),
    { rule, type, step: `${rule.name}.ofType(${type.code})` },
  ])
}

function evaluatedAs(rule: ElementRule, type: string): string {
  return ANONYMOUS.has(type) ? buildTypeName(rule.path.split('.')) : type
}

function distinct(constraints: readonly Constraint[]): readonly Constraint[] {
  return [...new Map(constraints.map((one) => [one.key, one])).values()]
}
