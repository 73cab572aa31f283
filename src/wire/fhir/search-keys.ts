/**
 * The texts a row is found by. Writer and reader of a key sit side by side here: a query is answered by
 * comparing the same texts. What kinds there are, `search-entries.ts` says.
 */
import { foldText } from '../../domain/identity/fold-text.ts'
import { DICOM_UID_SYSTEM } from './systems.ts'

/** A token as a query or an element names it; `system` is '' for "has none", undefined for "any". */
export interface Token {
  readonly system?: string | undefined
  readonly value?: string | undefined
}

/** The key asked for by `system|value`, `|value`, `value` or `system|`. A bar inside a part is written `\|`. */
export function tokenKey(code: string, token: Token): string {
  const value = escapeBar(normaliseUid(token))
  return token.system === undefined
    ? `${code}|${value}`
    : `${code}|${escapeBar(token.system)}|${value}`
}

/** DICOM UIDs are written with and without `urn:oid:` (ihe.md 0.1 rule 8): both are one value. */
function normaliseUid({ system, value = '' }: Token): string {
  const isUid = system === undefined || system === DICOM_UID_SYSTEM
  return isUid && value.startsWith('urn:oid:') ? value.slice('urn:oid:'.length) : value
}

function escapeBar(text: string): string {
  return text.includes('|') ? text.replaceAll('|', String.raw`\|`) : text
}

/** Every key by which an element is found that carries its system itself. */
export function keysOfToken(code: string, { system, value }: Token): readonly string[] {
  const keys: string[] = []
  if (value !== undefined) {
    keys.push(tokenKey(code, { system: system ?? '', value }), tokenKey(code, { value }))
  }
  if (system !== undefined) keys.push(tokenKey(code, { system, value: '' }))
  return keys
}

/** What finds an identifier that is no part of a resource. */
export function identifierKeys(system: string, value: string): readonly string[] {
  return keysOfToken('identifier', { system, value })
}

/** `:of-type`: an identifier by the type it has, in whatever system. */
export function typedIdentifierKey(
  code: string,
  type: { readonly system: string; readonly code: string },
  value: string,
): string {
  return `${code}:of-type|${[type.system, type.code, value].map(escapeBar).join('|')}`
}

/** `code|Type/id` for what the hub holds, `code|url` for anything else; also uris. */
export function targetKey(code: string, target: string): string {
  return `${code}|${target}`
}

/** How many letters of a text the index can look up; the rest is compared row by row. */
const PREFIX_LENGTH = 3

/** By which an index finds what begins so; undefined for a text too short to be asked for by it. */
export function prefixKey(code: string, text: string): string | undefined {
  // A letter beyond the basic plane is two units: six hold three.
  const letters = Array.from(text.slice(0, 2 * PREFIX_LENGTH)).slice(0, PREFIX_LENGTH)
  return letters.length < PREFIX_LENGTH ? undefined : `${code}^${letters.join('')}`
}

export function exactKey(code: string, text: string): string {
  return `${code}:exact|${text}`
}

/** A whole name, whatever its spelling: how a person is identified. */
export function wholeNameKey(code: string, text: string): string {
  return `${code}~${foldText(text)}`
}

/** The texts that go with a token, which `:text` asks for, are held like a string parameter of this code. */
export function textCode(code: string): string {
  return `${code}:text`
}

/** A reference may name its target by identifier; that is held like a token parameter of this code. */
export function identifierCode(code: string): string {
  return `${code}:identifier`
}
