/** The name of a search parameter as asked: `code:modifier.chained` (R4 search, sections 3.1.1.4.4 and 3.1.1.5). */
import type { Condition } from './search.ts'
import type { Token } from './search-keys.ts'

export interface ParameterName {
  readonly code: string
  readonly modifier?: string | undefined
  readonly chain?: string | undefined
}

export function splitName(name: string): ParameterName {
  const dot = name.indexOf('.')
  const head = dot < 0 ? name : name.slice(0, dot)
  const colon = head.indexOf(':')
  return {
    code: colon < 0 ? head : head.slice(0, colon),
    modifier: colon < 0 ? undefined : head.slice(colon + 1),
    chain: dot < 0 ? undefined : name.slice(dot + 1),
  }
}

/** What a parameter is asked of, and how much may still be asked. */
export interface Asking {
  readonly type: string
  readonly base: string
  /** References that may still be followed from here. */
  readonly depth: number
  /** References that the whole search may still follow. */
  readonly budget: { links: number }
  readonly enumerate: EnumerateValueSet
}

/** The codes of a value set by its canonical URL; undefined for one that cannot be listed. */
export type EnumerateValueSet = (valueSet: string) => readonly Token[] | undefined

/** Conditions that must all hold, a text saying what is wrong, or undefined for a parameter the type does not have. */
export type Understanding = readonly Condition[] | string | undefined

export type ReadParameter = (name: string, value: string, asking: Asking) => Understanding

export const UNKNOWN_MODIFIER = 'This modifier is not supported here'

/** What one value list may be spelt out to. */
export const MAX_KEYS = 5000
