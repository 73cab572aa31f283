/** The scopes of the hub's own tokens: one for each action, and the SMART v2 scopes that mean the same. */
import { lookup } from '../../kernel/lookup.ts'
import { ACTIONS, type Action } from './principal.ts'
import {
  SMART_CONTEXTS,
  SMART_LETTERS,
  SMART_SCOPES,
  type LetterActions,
} from './smart-scope-table.ts'

const PREFIX = 'samsyn:'

/** Held by resource servers outside the hub: they may introspect tokens that are not their own (RFC 7662). */
export const INTROSPECT_SCOPE = `${PREFIX}introspect`

/** Letters come in the order of the grammar; a `?` filter is refused, for leaving it out would widen. */
const SMART_SCOPE = /^(?:patient|user|system)\/(?<type>[A-Za-z]+|\*)\.(?<letters>c?r?u?d?s?)$/

/** The forms of a SMART scope that metadata names; any other ordered set of letters is as good. */
const NAMED_LETTERS = ['r', 's', 'rs', 'cud', 'cruds']

/** Every action scope, and the usual SMART scopes: what metadata announces. */
export const SCOPES: readonly string[] = [
  ...ACTIONS.map(scopeOf),
  INTROSPECT_SCOPE,
  ...SMART_CONTEXTS.flatMap((context) =>
    [...Object.keys(SMART_SCOPES), '*'].flatMap((type) =>
      NAMED_LETTERS.map((letters) => `${context}/${type}.${letters}`),
    ),
  ).filter((scope) => actionsOf(scope).size > 0),
]

export function scopeOf(action: Action): string {
  return `${PREFIX}${action}`
}

/** Whether a client can be registered with this one scope: it covers an action or is the introspector's. */
export function isScope(scope: string): boolean {
  return scope === INTROSPECT_SCOPE || (!scope.includes(' ') && actionsOf(scope).size > 0)
}

/** The scope tokens of a space-separated list, without empty ones and without duplicates. */
export function scopeTokens(scope: string): readonly string[] {
  return [...new Set(scope.split(' ').filter((token) => token !== ''))]
}

/** What a space-separated list of scopes covers; scopes that are not the hub's cover nothing. */
export function actionsOf(scope: string): ReadonlySet<Action> {
  const tokens = scopeTokens(scope)
  const covered = new Set(tokens.flatMap(actionsOfSmartScope))
  return new Set(
    ACTIONS.filter((action) => tokens.includes(scopeOf(action)) || covered.has(action)),
  )
}

/** Whether one scope asks for no more than a space-separated list holds, in the same words or in others. */
export function isScopeWithin(scope: string, held: string): boolean {
  if (scopeTokens(held).includes(scope)) return true
  const covered = actionsOf(held)
  const asked = [...actionsOf(scope)]
  return asked.length > 0 && asked.every((action) => covered.has(action))
}

function actionsOfSmartScope(token: string): readonly Action[] {
  const { type, letters = '' } = SMART_SCOPE.exec(token)?.groups ?? {}
  if (type === undefined) return []
  const tables: readonly LetterActions[] =
    type === '*' ? Object.values(SMART_SCOPES) : tableOf(type)
  const held = SMART_LETTERS.filter((letter) => letters.includes(letter))
  return tables.flatMap((table) => held.flatMap((letter) => table[letter] ?? []))
}

function tableOf(type: string): readonly LetterActions[] {
  const table = lookup(SMART_SCOPES, type)
  return table === undefined ? [] : [table]
}
