/** Extensions: which definition holds, and whether it may be used where it stands (R4 extensibility). */
import { STRUCTURE_BASE } from '../definitions.ts'
import { textOf, type JsonObject } from '../json.ts'
import type { ElementRule, RuleTree, TypeRule } from './element-rule.ts'
import type { Findings } from './issues.ts'
import type { Plan, Plans } from './plan.ts'
import type { Rulebook } from './rulebook.ts'
import type { Strictness } from './values.ts'

export interface Extensions {
  /** The rules for an extension; notes where it is unknown or out of place. */
  planFor(
    extension: JsonObject,
    typed: { readonly rule: ElementRule; readonly type: TypeRule },
    place: ExtensionPlace,
  ): Plan
}

export interface ExtensionPlace {
  /** What it extends. */
  readonly parent: Plan
  readonly at: string
  readonly findings: Findings
}

export function makeExtensions(
  rulebook: Rulebook,
  plans: Plans,
  { unknownExtensions }: Strictness,
): Extensions {
  return {
    planFor(extension, { rule, type }, place) {
      const url = textOf(extension.url)
      const isSlice = rule.sliceName !== undefined && type.profiles.length === 0
      const tree = url === undefined || isSlice ? undefined : treeFor(url, place)
      return tree === undefined ? plans.ofElement(rule, type) : plans.ofTree(tree)
    },
  }

  function treeFor(url: string, place: ExtensionPlace): RuleTree | undefined {
    const { parent, at, findings } = place
    if (!isAbsolute(url)) {
      if (parent.type !== 'Extension') {
        findings.error('extension', `${at}.url`, 'An extension’s URL is absolute')
      } else if (hasKnownParts(parent)) {
        findings.error('extension', at, 'The extension it is part of defines no such part')
      }
      return undefined
    }
    if (url.includes('|')) findings.error('value', `${at}.url`, 'An extension’s URL has no version')
    const tree = rulebook.profile(url)
    if (tree?.type !== 'Extension') {
      noteUnknown(place)
      return undefined
    }
    if (!isInPlace(tree, parent)) {
      findings.error('extension', at, 'This extension may not be used on this element')
    }
    return tree
  }

  function noteUnknown({ at, findings }: ExtensionPlace): void {
    if (unknownExtensions === 'refuse') {
      findings.error('extension', at, 'This extension is not known here')
    } else findings.warn('extension', at, 'This extension is not known here and was not checked')
  }
}

function isAbsolute(url: string): boolean {
  return /^[A-Za-z][A-Za-z0-9+.-]*:/.test(url)
}

/** A definition of a complex extension slices its parts by url. */
function hasKnownParts({ rule }: Plan): boolean {
  return rule.children.some(({ name, slices }) => name === 'extension' && slices.length > 0)
}

/** R4's own definitions use these beyond the contexts that it gives them. */
const ANYWHERE = new Set(
  ['structuredefinition-fhir-type', 'structuredefinition-normative-version', 'regex'].map(
    (name) => STRUCTURE_BASE + name,
  ),
)

function isInPlace({ contexts, url }: RuleTree, parent: Plan): boolean {
  if (contexts.length === 0 || ANYWHERE.has(url)) return true
  const places = new Set([
    parent.rule.path,
    parent.rule.basePath,
    parent.type,
    (parent.rule.sameAs ?? parent.rule).path,
    ...(parent.rule.path.includes('.') ? ['Element'] : ['Resource', 'DomainResource', 'Element']),
  ])
  return contexts.some(
    ({ type, expression }) =>
      type !== 'element' ||
      expression.includes(':') ||
      places.has(expression) ||
      url === expression,
  )
}
