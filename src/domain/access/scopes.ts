/** The scopes of the hub's own tokens: one for each action, named after it (RFC 6749 section 3.3). */
import { ACTIONS, type Action } from './principal.ts'

const PREFIX = 'samsyn:'

/** Held by resource servers outside the hub: they may introspect tokens that are not their own (RFC 7662). */
export const INTROSPECT_SCOPE = `${PREFIX}introspect`

/** Every scope a client can be registered with. */
export const SCOPES: readonly string[] = [...ACTIONS.map(scopeOf), INTROSPECT_SCOPE]

export function scopeOf(action: Action): string {
  return `${PREFIX}${action}`
}

/** The scope tokens of a space-separated list, without empty ones and without duplicates. */
export function scopeTokens(scope: string): readonly string[] {
  return [...new Set(scope.split(' ').filter((token) => token !== ''))]
}

/** What a space-separated list of scopes covers; scopes that are not the hub's cover nothing. */
export function actionsOf(scope: string): ReadonlySet<Action> {
  const held = new Set(scopeTokens(scope))
  return new Set(ACTIONS.filter((action) => held.has(scopeOf(action))))
}
