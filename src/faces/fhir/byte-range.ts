/** The Range header, as far as it asks for one range of bytes (RFC 9110 section 14.1.2). */

export interface ByteRange {
  readonly start: number
  /** Exclusive. */
  readonly end: number
}

/** Undefined where the whole is to be sent: no range, several of them, or none of bytes. */
export function readByteRange(
  header: string,
  length: number,
): ByteRange | 'unsatisfiable' | undefined {
  const [matched, from = '', to = ''] = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header) ?? []
  if (matched === undefined || matched === 'bytes=-') return undefined
  if (from === '') return satisfiable(Math.max(0, length - Number(to)), length)
  if (to === '') return satisfiable(Number(from), length)
  if (Number(to) < Number(from)) return undefined
  return satisfiable(Number(from), Math.min(length, Number(to) + 1))
}

function satisfiable(start: number, end: number): ByteRange | 'unsatisfiable' {
  return start < end ? { start, end } : 'unsatisfiable'
}
