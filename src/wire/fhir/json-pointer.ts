/** JSON Pointers (RFC 6901) and what JSON Patch does at the place one points to, on a copy that shares the rest. */
import { isJsonObject, type JsonObject } from './json.ts'

/** Reference tokens, unescaped. */
export type Pointer = readonly string[]

export type Edit =
  { readonly kind: 'add' | 'replace'; readonly value: unknown } | { readonly kind: 'remove' }

/** Deeper than any resource the hub reads. */
const MAX_TOKENS = 64
const INDEX = /^(?:0|[1-9]\d{0,8})$/

/** Undefined where the text is no pointer, or one that leads where FHIR has nothing. */
export function parsePointer(text: string): Pointer | undefined {
  if (text === '') return []
  const tokens = text.split('/', MAX_TOKENS + 2)
  if (tokens.shift() !== '' || tokens.length > MAX_TOKENS) return undefined
  if (tokens.some((token) => /~(?![01])/.test(token) || token === '__proto__')) return undefined
  return tokens.map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'))
}

/** Undefined where there is nothing. */
export function valueAt(document: unknown, pointer: Pointer): unknown {
  let value = document
  for (const token of pointer) value = childOf(value, token)
  return value
}

function childOf(container: unknown, token: string): unknown {
  if (Array.isArray(container)) return INDEX.test(token) ? container[Number(token)] : undefined
  if (!isJsonObject(container) || !Object.hasOwn(container, token)) return undefined
  return container[token]
}

/** Undefined where the place is not there, or the root is to be removed (RFC 6902, section 4). */
export function edit(document: unknown, pointer: Pointer, change: Edit): unknown {
  const [token, ...rest] = pointer
  if (token === undefined) return change.kind === 'remove' ? undefined : change.value
  if (rest.length === 0) return editChild(document, token, change)
  const child = childOf(document, token)
  const after = child === undefined ? undefined : edit(child, rest, change)
  return after === undefined
    ? undefined
    : editChild(document, token, { kind: 'replace', value: after })
}

function editChild(container: unknown, token: string, change: Edit): unknown {
  if (Array.isArray(container)) return editList(container, token, change)
  return isJsonObject(container) ? editObject(container, token, change) : undefined
}

function editList(list: readonly unknown[], token: string, change: Edit): unknown {
  const isAdd = change.kind === 'add'
  const index = isAdd && token === '-' ? list.length : INDEX.test(token) ? Number(token) : Infinity
  if (index > list.length || (!isAdd && index === list.length)) return undefined
  if (change.kind === 'remove') return list.toSpliced(index, 1)
  return list.toSpliced(index, isAdd ? 0 : 1, change.value)
}

function editObject(object: JsonObject, name: string, change: Edit): JsonObject | undefined {
  if (change.kind !== 'add' && !Object.hasOwn(object, name)) return undefined
  if (change.kind !== 'remove') return { ...object, [name]: change.value }
  return Object.fromEntries(Object.entries(object).filter(([one]) => one !== name))
}
