/**
 * What a search can match in a resource, as the entries of the row's arrays. Writer and reader of an
 * entry form sit side by side here: a query is answered by comparing the same texts.
 */
import { foldText } from '../../domain/identity/fold-text.ts'
import { lookup } from '../../kernel/lookup.ts'
import { parseDateInterval, periodInterval, type DateInterval } from './date-interval.ts'
import { isJsonObject, listOf, textOf, valuesAt, type JsonObject } from './json.ts'
import { SEARCH_PARAMETERS } from './search-parameters.ts'
import type {
  DateParameter,
  ReferenceParameter,
  SearchParameter,
  StringParameter,
  TokenParameter,
} from './search-parameters.ts'

/** The shape `storage/resources.ts` stores. */
export interface RowSearchValues {
  readonly tokens: readonly string[]
  readonly refs: readonly string[]
  readonly strings: readonly string[]
  readonly date?: DateInterval | undefined
}

/** Everything the type's search parameters find in the resource; empty for a type without any. */
export function searchValues(resource: JsonObject): RowSearchValues {
  const found = { tokens: new Set<string>(), refs: new Set<string>(), strings: new Set<string>() }
  let date: DateInterval | undefined
  for (const parameter of lookup(SEARCH_PARAMETERS, String(resource.resourceType)) ?? []) {
    const values = parameter.paths.flatMap((path) => valuesAt(resource, path))
    if (parameter.kind === 'date' && parameter.primary) date = hull(values.flatMap(intervalsOf))
    else addEntries(found, parameter, values)
  }
  return { tokens: [...found.tokens], refs: [...found.refs], strings: [...found.strings], date }
}

interface Entries {
  readonly tokens: Set<string>
  readonly refs: Set<string>
  readonly strings: Set<string>
}

function addEntries(found: Entries, parameter: SearchParameter, values: readonly unknown[]): void {
  switch (parameter.kind) {
    case 'token':
      addAll(found.tokens, parameter.code, tokenEntries(parameter, values))
      break
    case 'string':
      addAll(found.strings, parameter.code, stringEntries(parameter, values))
      break
    case 'date':
      addAll(found.strings, parameter.code, dateEntries(parameter, values))
      break
    case 'reference':
      // The row's own column answers for the patient, whose identifiers are found through Patient.
      if (parameter.column !== undefined) break
      addAll(found.tokens, undefined, logicalReferenceEntries(parameter, values))
      addAll(found.refs, parameter.code, referenceEntries(parameter, values))
      break
  }
}

/** The bare code beside the entries says that there are some: what `:missing` asks. */
function addAll(set: Set<string>, code: string | undefined, entries: readonly string[]): void {
  if (code !== undefined && entries.length > 0) set.add(code)
  for (const entry of entries) set.add(entry)
}

/** A token as a query or an element names it; `system` is '' for "has none", undefined for "any". */
export interface Token {
  readonly system?: string | undefined
  readonly value?: string | undefined
}

/**
 * `code|system|value` for both, `code||value` for a value without system, `code|value` for a value in
 * any system, `code|system|` for any value of a system. A bar inside a part is written `\|`.
 */
export function tokenEntry(code: string, token: Token): string {
  const value = escapeBar(normaliseUid(token))
  if (token.system === undefined) return `${code}|${value}`
  return `${code}|${escapeBar(token.system)}|${value}`
}

/** DICOM UIDs are written with and without `urn:oid:` (ihe.md 0.1 rule 8): both are one value. */
function normaliseUid({ system, value = '' }: Token): string {
  return system === undefined || system === 'urn:dicom:uid' ? value.replace(/^urn:oid:/, '') : value
}

function escapeBar(text: string): string {
  return text.replaceAll('|', String.raw`\|`)
}

function tokenEntries(parameter: TokenParameter, values: readonly unknown[]): string[] {
  return values
    .flatMap((value) => tokensOf(value, parameter.system))
    .flatMap((token) => entriesOfToken(parameter.code, token))
}

/** What finds an identifier that is no part of a resource. */
export function identifierEntries(system: string, value: string): readonly string[] {
  return entriesOfToken('identifier', { system, value })
}

function entriesOfToken(code: string, { system, value }: Token): string[] {
  if (value === undefined) return []
  const entries = [tokenEntry(code, { system: system ?? '', value }), tokenEntry(code, { value })]
  if (system !== undefined) entries.push(tokenEntry(code, { system, value: '' }))
  return entries
}

/** Coding, CodeableConcept, Identifier, ContactPoint, code, id, boolean. */
function tokensOf(value: unknown, system: string | undefined): readonly Token[] {
  if (typeof value === 'boolean') return [{ value: String(value) }]
  if (typeof value === 'string') return [{ system, value }]
  if (!isJsonObject(value)) return []
  if (value.coding !== undefined)
    return listOf(value.coding).flatMap((one) => tokensOf(one, undefined))
  const text = textOf(value.code) ?? textOf(value.value)
  return text === undefined ? [] : [{ system: textOf(value.system), value: text }]
}

/** `code|Type/id` for what the hub holds, `code|url` for anything else. */
export function referenceEntry(code: string, target: string): string {
  return `${code}|${target}`
}

function referenceEntries(parameter: ReferenceParameter, values: readonly unknown[]): string[] {
  return values.flatMap((value) => {
    const target = isJsonObject(value) ? textOf(value.reference) : textOf(value)
    return target === undefined || target.startsWith('#')
      ? []
      : [referenceEntry(parameter.code, target.replace(/\/_history\/[^/]+$/, ''))]
  })
}

/** `code:identifier|…` among the tokens: a reference that names its target by identifier. */
function logicalReferenceEntries(
  parameter: ReferenceParameter,
  values: readonly unknown[],
): string[] {
  return values.flatMap((value) =>
    isJsonObject(value)
      ? tokensOf(value.identifier, undefined).flatMap((token) =>
          entriesOfToken(`${parameter.code}:identifier`, token),
        )
      : [],
  )
}

/** How many letters of a text the index can look up; the rest is compared row by row. */
export const PREFIX_LENGTH = 3

/** `code|folded`, `code:exact|as written`, and `code^fol` by which an index finds what begins so. */
export function stringEntry(
  code: string,
  form: 'folded' | 'exact' | 'prefix',
  text: string,
): string {
  if (form === 'exact') return `${code}:exact|${text}`
  const folded = foldText(text)
  return form === 'folded' ? `${code}|${folded}` : `${code}^${folded.slice(0, PREFIX_LENGTH)}`
}

function stringEntries(parameter: StringParameter, values: readonly unknown[]): string[] {
  return values.flatMap((value) => {
    const text = textOf(value)
    if (text === undefined) return []
    return (['folded', 'exact', 'prefix'] as const).map((form) =>
      stringEntry(parameter.code, form, text),
    )
  })
}

/** `code@from/until` among the strings, both in UTC at a fixed width: the order of text is that of time. */
function dateEntries(parameter: DateParameter, values: readonly unknown[]): string[] {
  return values
    .flatMap(intervalsOf)
    .map(({ from, until }) => `${parameter.code}@${from.toISOString()}/${until.toISOString()}`)
}

function intervalsOf(value: unknown): readonly DateInterval[] {
  const interval = intervalOf(value)
  return interval === undefined ? [] : [interval]
}

function intervalOf(value: unknown): DateInterval | undefined {
  if (typeof value === 'string') return parseDateInterval(value)
  return isJsonObject(value) ? periodInterval(value.start, value.end) : undefined
}

function hull(intervals: readonly DateInterval[]): DateInterval | undefined {
  const [first, ...others] = intervals
  return others.reduce<DateInterval | undefined>(
    (all, one) =>
      all && {
        from: one.from < all.from ? one.from : all.from,
        until: one.until > all.until ? one.until : all.until,
      },
    first,
  )
}
