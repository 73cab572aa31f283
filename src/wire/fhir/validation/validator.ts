/**
 * Whether a resource is what FHIR R4 and the profiles say it must be: structure, types, cardinality,
 * codes, slices, extensions, references, narratives and invariants, all in one pass.
 */
import type { Definitions } from '../definitions.ts'
import { listOf, textOf, type JsonObject } from '../json.ts'
import { oversize } from '../resource-size.ts'
import type { RuleTree } from './element-rule.ts'
import { makeExtensions } from './extensions.ts'
import { makeInvariants } from './invariants.ts'
import { makeFindings, type Issue } from './issues.ts'
import { makePlans } from './plan.ts'
import { isPrimitive } from './primitive-format.ts'
import { makeReferences } from './references.ts'
import { isResourceType, makeRulebook } from './rulebook.ts'
import { makeTerminology } from './terminology.ts'
import type { Strictness } from './values.ts'
import { conforms, walkResource, type Walker } from './walk.ts'

export interface Validator {
  /** Errors and warnings, up to a hundred of each. */
  report(resource: JsonObject, profiles?: readonly string[]): readonly Issue[]
  /** Whether there are rules by this canonical URL. */
  knowsProfile(canonical: string): boolean
}

const LENIENT: Strictness = {
  unknownExtensions: 'warn',
  htmlInMarkdown: 'warn',
  unknownCodes: 'warn',
  openReferences: 'allow',
}

/** Validates with the specification's `definitions` and the profiles and code systems among `own`. */
export function makeValidator(
  definitions: Definitions,
  own: readonly unknown[],
  strict: Partial<Strictness> = {},
): Validator {
  const strictness = { ...LENIENT, ...strict }
  const rulebook = makeRulebook(definitions, own)
  const plans = makePlans(rulebook)
  const profileOf = (canonical: unknown, type: string): RuleTree | undefined => {
    const tree = rulebook.profile(String(canonical))
    return tree?.type === type ? tree : undefined
  }
  const walker: Walker = {
    rulebook,
    plans,
    terminology: makeTerminology(definitions, own),
    references: makeReferences(rulebook),
    invariants: makeInvariants(),
    extensions: makeExtensions(rulebook, plans, strictness),
    strictness,
    isDataType: (name) =>
      isPrimitive(name.charAt(0).toLowerCase() + name.slice(1)) ||
      (/^[A-Z]/.test(name) && rulebook.type(name) !== undefined),
    claimedBy: (resource, base) =>
      claims(resource).flatMap((url) => profileOf(url, base.type) ?? []),
    conforms: (resource, profile, scope) => conforms(walker, resource, profile, scope),
  }
  return {
    knowsProfile: (canonical) => rulebook.profile(canonical) !== undefined,
    report(resource, profiles = []) {
      const findings = makeFindings()
      const type = textOf(resource.resourceType) ?? ''
      const base = isResourceType(type) ? rulebook.type(type) : undefined
      if (base === undefined) {
        findings.error('structure', 'Resource', 'FHIR R4 has no such resourceType')
        return findings.all
      }
      const tooLarge = oversize(resource, type)
      if (tooLarge !== undefined) {
        findings.error('too-long', tooLarge.location, tooLarge.text)
        return findings.all
      }
      const trees = new Set([
        rulebook.ownOf(type) ?? base,
        ...[...claims(resource), ...profiles].flatMap((url) => profileOf(url, type) ?? []),
      ])
      walkResource(walker, findings, resource, [...trees])
      return findings.all
    },
  }
}

function claims(resource: JsonObject): readonly unknown[] {
  const { meta } = resource
  return typeof meta === 'object' && meta !== null && 'profile' in meta ? listOf(meta.profile) : []
}
