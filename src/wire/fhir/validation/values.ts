/** Single values: their form, what a profile fixes, their codes and where their references lead. */
import { isJsonObject, textOf, type JsonObject } from '../json.ts'
import { holdsCode } from './bindings.ts'
import { hasPattern, isFixed } from './compare.ts'
import type { Binding, ElementRule, TypeRule } from './element-rule.ts'
import type { Findings } from './issues.ts'
import { narrativeFaults } from './narrative.ts'
import { isPrimitive, primitiveFault } from './primitive-format.ts'
import type { References } from './references.ts'
import { target, type Scope } from './scope.ts'
import type { Terminology } from './terminology.ts'

/** Where the HL7 validator can be told to be strict, and so can this one; the hub is lenient. */
export interface Strictness {
  /** An extension that neither FHIR nor the project defines. */
  readonly unknownExtensions: 'warn' | 'refuse'
  /** HTML in markdown, which whoever shows it must escape. */
  readonly htmlInMarkdown: 'warn' | 'refuse'
  /** A code or display that its system does not have: systems grow, and ours are those of R4. */
  readonly unknownCodes: 'warn' | 'refuse'
  /** A relative reference to what the body does not hold. */
  readonly openReferences: 'allow' | 'refuse'
}

export interface ValueDeps {
  readonly strictness: Strictness
  readonly terminology: Terminology
  readonly references: References
}

export interface ValueAt {
  readonly rule: ElementRule
  readonly type: TypeRule
  readonly value: unknown
  readonly at: string
  readonly scope: Scope
}

/** Notes what is wrong with a value apart from its parts, which are walked. */
export function checkValue(deps: ValueDeps, findings: Findings, place: ValueAt): void {
  const { rule, type, value, at } = place
  if (isPrimitive(type.code)) {
    const fault = primitiveFault(type.code, value)
    if (fault !== undefined) {
      findings.error('value', at, fault)
      return
    }
    checkText(deps.strictness, findings, place)
  }
  if (rule.fixed !== undefined && !isFixed(value, rule.fixed)) {
    findings.error('value', at, `Not the value that is fixed: ${shown(rule.fixed)}`)
  }
  if (rule.pattern !== undefined && !hasPattern(value, rule.pattern)) {
    findings.error('value', at, `Does not have what is required: ${shown(rule.pattern)}`)
  }
  if (rule.binding !== undefined) checkBinding(deps, findings, place, rule.binding)
  if (type.code === 'Coding' && isJsonObject(value)) checkCoding(deps, findings, value, at)
  if (type.code === 'Reference' && isJsonObject(value)) checkReference(deps, findings, place, value)
}

function checkCoding(
  { terminology, strictness }: ValueDeps,
  findings: Findings,
  { system, code, display }: JsonObject,
  at: string,
): void {
  const codes = terminology.codeSystem(String(system))
  if (codes === undefined || typeof code !== 'string') return
  const note = strictness.unknownCodes === 'refuse' ? findings.error : findings.warn
  const displays = codes.get(code)
  if (displays === undefined) note('code-invalid', at, 'Not a code of its system, as R4 has it')
  else if (typeof display === 'string' && !displays.some((one) => isSameText(one, display))) {
    note('value', `${at}.display`, `The code stands for: ${displays.join(', ').slice(0, 200)}`)
  }
}

function isSameText(one: string, other: string): boolean {
  const plain = (text: string): string => text.trim().replaceAll(/\s+/g, ' ').toLowerCase()
  return plain(one) === plain(other)
}

function checkReference(
  { references, strictness }: ValueDeps,
  findings: Findings,
  { type, at, scope }: ValueAt,
  reference: JsonObject,
): void {
  const fault = references.fault(reference, type, scope)
  if (fault !== undefined) findings.error('structure', at, fault)
  const literal = textOf(reference.reference)
  const isOpen =
    literal !== undefined && !literal.includes(':') && target(literal, scope) === undefined
  if (strictness.openReferences === 'refuse' && isOpen) {
    findings.error('not-found', at, 'What it refers to is not in the body')
  }
}

function checkText(
  { htmlInMarkdown }: Strictness,
  findings: Findings,
  { rule, type, value, at }: ValueAt,
): void {
  if (typeof value !== 'string') return
  if (rule.maxLength !== undefined && value.length > rule.maxLength) {
    findings.error('too-long', at, `At most ${rule.maxLength} characters`)
  }
  if (type.code === 'xhtml') {
    for (const fault of narrativeFaults(value)) findings.error('invariant', at, fault)
  }
  if (type.code === 'markdown' && /<[A-Za-z/!]/.test(value)) {
    const note = htmlInMarkdown === 'refuse' ? findings.error : findings.warn
    note('value', at, 'Seems to hold HTML, which markdown in FHIR is shown without')
  }
  const fault = rule.basePath === 'Coding.system' ? systemFault(value) : undefined
  if (fault !== undefined) findings.error('value', at, fault)
}

function systemFault(system: string): string | undefined {
  if (!/^[A-Za-z][A-Za-z0-9+.-]*:/.test(system)) return 'A code system is named by an absolute URI'
  const isValueSet = system.startsWith('http://hl7.org/fhir/ValueSet/')
  return isValueSet ? 'A value set, where a code system is named' : undefined
}

/** A Quantity without a code is no code to check; a concept without one is not in the set. */
function checkBinding(
  { terminology }: ValueDeps,
  findings: Findings,
  { type, value, at }: ValueAt,
  { strength, valueSet }: Binding,
): void {
  if (strength !== 'required' && strength !== 'extensible') return
  if (type.code === 'Quantity' && isJsonObject(value) && value.code === undefined) return
  const set = terminology.valueSet(valueSet)
  if (set === undefined || holdsCode(value, set)) return
  if (strength === 'required') {
    findings.error('code-invalid', at, `Not a code of ${valueSet}, which is required`)
  } else
    findings.warn('code-invalid', at, `Not a code of ${valueSet}, which is preferred to others`)
}

function shown(value: unknown): string {
  return JSON.stringify(value).slice(0, 200)
}
