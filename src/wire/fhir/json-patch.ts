/**
 * JSON Patch (RFC 6902). The library for it takes `/a/01` and `/a/-` for members of a list, adds
 * beyond a list's end and compares lists in quadratic space; and copies of copies must not fill the memory.
 */
import { HubError } from '../../kernel/errors.ts'
import { isJsonObject } from './json.ts'
import { isSameJson, sizeOf } from './json-value.ts'
import { edit, parsePointer, valueAt, type Edit, type Pointer } from './json-pointer.ts'

const MAX_OPERATIONS = 200
/** Characters of JSON that all copies together may add; what is added otherwise came in the body. */
const MAX_COPIED = 1024 * 1024
/** As in `parse-json.ts`: what is stored must be readable again. */
const MAX_DEPTH = 40

/**
 * The document after all operations; it is left as it was. Throws `invalid` where the patch is none, `too-large`
 * where it has too many operations, `unprocessable` where one does not apply; the operation is named.
 */
export function patchJson(document: unknown, patch: unknown): unknown {
  if (!Array.isArray(patch)) throw new HubError('invalid', 'A JSON Patch is a list of operations')
  if (patch.length > MAX_OPERATIONS) {
    throw new HubError('too-large', `A patch has at most ${MAX_OPERATIONS} operations`)
  }
  let current = document
  let copied = 0
  for (const [index, one] of patch.entries()) {
    const operation = readOperation(one, { index })
    if (operation.op === 'copy') copied += copySize(current, operation, MAX_COPIED - copied)
    current = apply(current, operation)
  }
  if (sizeOf(current, { size: Infinity, depth: MAX_DEPTH }) !== undefined) return current
  throw new HubError('unprocessable', `What the patch makes nests deeper than ${MAX_DEPTH} levels`)
}

interface Place {
  readonly index: number
}

type Operation = Place & { readonly path: Pointer } & (
    | { readonly op: 'add' | 'replace' | 'test'; readonly value: unknown }
    | { readonly op: 'move' | 'copy'; readonly from: Pointer }
    | { readonly op: 'remove' }
  )

/** Members that the operation does not have are ignored (RFC 6902, section 4). */
function readOperation(operation: unknown, place: Place): Operation {
  if (!isJsonObject(operation)) throw malformed(place, 'Not an operation')
  const path = readPointer(operation.path, place)
  switch (operation.op) {
    case 'add':
    case 'replace':
    case 'test':
      if (operation.value === undefined) throw malformed(place, 'Has no value')
      return { ...place, op: operation.op, path, value: operation.value }
    case 'move':
    case 'copy':
      return { ...place, op: operation.op, path, from: readPointer(operation.from, place) }
    case 'remove':
      return { ...place, op: 'remove', path }
    default:
      throw malformed(place, 'Does not say one of add, remove, replace, move, copy and test')
  }
}

function readPointer(text: unknown, place: Place): Pointer {
  const pointer = typeof text === 'string' ? parsePointer(text) : undefined
  if (pointer === undefined) throw malformed(place, 'Has no JSON Pointer where it needs one')
  return pointer
}

function apply(document: unknown, operation: Operation): unknown {
  const { path } = operation
  switch (operation.op) {
    case 'add':
      return edited(operation, document, { kind: 'add', value: operation.value })
    case 'replace':
      return edited(operation, document, { kind: 'replace', value: operation.value })
    case 'remove':
      return edited(operation, document, { kind: 'remove' })
    case 'copy': {
      const value = existing(document, operation.from, operation)
      return edited(operation, document, { kind: 'add', value })
    }
    case 'move':
      return move(document, operation)
    case 'test':
      if (isSameJson(existing(document, path, operation), operation.value)) return document
      throw inapplicable(operation, 'The test fails: another value is there')
  }
}

function move(document: unknown, operation: Operation & { readonly from: Pointer }): unknown {
  const { from, path } = operation
  const value = existing(document, from, operation)
  const isWithin = from.every((token, index) => token === path[index])
  if (isWithin && from.length === path.length) return document
  if (isWithin) throw inapplicable(operation, 'Nothing moves into itself')
  const without = edited({ ...operation, path: from }, document, { kind: 'remove' })
  return edited(operation, without, { kind: 'add', value })
}

function edited(operation: Place & { path: Pointer }, document: unknown, change: Edit): unknown {
  const after = edit(document, operation.path, change)
  if (after === undefined) throw inapplicable(operation, 'There is no such place')
  return after
}

function existing(document: unknown, pointer: Pointer, place: Place): unknown {
  const value = valueAt(document, pointer)
  if (value === undefined) throw inapplicable(place, 'There is no such value')
  return value
}

function copySize(
  document: unknown,
  operation: Operation & { readonly from: Pointer },
  allowed: number,
): number {
  const bounds = { size: allowed, depth: MAX_DEPTH }
  const size = sizeOf(existing(document, operation.from, operation), bounds)
  if (size !== undefined) return size
  throw inapplicable(operation, `Copies add more than ${MAX_COPIED} characters in all`)
}

function malformed({ index }: Place, text: string): HubError {
  const problems = [{ location: `patch[${index}]`, text }]
  return new HubError('invalid', 'The patch is not a JSON Patch', { problems })
}

function inapplicable({ index }: Place, text: string): HubError {
  const problems = [{ location: `patch[${index}]`, text }]
  return new HubError('unprocessable', 'The patch does not apply to the resource', { problems })
}
