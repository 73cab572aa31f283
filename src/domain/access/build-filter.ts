/** Putting access filters together, without the parts that say nothing. */
import type { AccessFilter } from './filter.ts'

export const EVERYTHING: AccessFilter = { kind: 'everything' }
export const NOTHING: AccessFilter = { kind: 'nothing' }

export function when(condition: boolean): AccessFilter {
  return condition ? EVERYTHING : NOTHING
}

export function allOf(parts: readonly AccessFilter[]): AccessFilter {
  const telling = parts
    .filter((part) => part.kind !== 'everything')
    .flatMap((part) => (part.kind === 'and' ? part.of : [part]))
  if (telling.some((part) => part.kind === 'nothing')) return NOTHING
  return single(telling) ?? (telling.length === 0 ? EVERYTHING : { kind: 'and', of: telling })
}

export function anyOf(parts: readonly AccessFilter[]): AccessFilter {
  const telling = parts
    .filter((part) => part.kind !== 'nothing')
    .flatMap((part) => (part.kind === 'or' ? part.of : [part]))
  if (telling.some((part) => part.kind === 'everything')) return EVERYTHING
  return single(telling) ?? (telling.length === 0 ? NOTHING : { kind: 'or', of: telling })
}

export function not(part: AccessFilter): AccessFilter {
  if (part.kind === 'everything') return NOTHING
  if (part.kind === 'nothing') return EVERYTHING
  return part.kind === 'not' ? part.of : { kind: 'not', of: part }
}

function single(parts: readonly AccessFilter[]): AccessFilter | undefined {
  return parts.length === 1 ? parts[0] : undefined
}
