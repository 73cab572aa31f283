/** Header fields of a body part (RFC 2046 section 5.1, RFC 5322 section 2.2). */
import { HubError } from '../../kernel/errors.ts'

const NAME = /^[!#$%&'*+.^_`|~0-9a-z-]+$/

/** `block` begins after the delimiter, whose own line may be padded, and has no blank line at its end. */
export function parsePartHeaders(block: string, number: number): ReadonlyMap<string, string> {
  const [padding = '', ...lines] = block.replace(/\r\n[ \t]+/g, ' ').split('\r\n')
  if (padding.trim() !== '') throw malformed(number)

  const headers = new Map<string, string>()
  for (const line of lines) {
    const colon = line.indexOf(':')
    const name = line.slice(0, Math.max(colon, 0)).trim().toLowerCase()
    if (!NAME.test(name)) throw malformed(number)
    headers.set(name, line.slice(colon + 1).trim())
  }
  return headers
}

function malformed(number: number): HubError {
  const text = 'what follows the boundary is not a part header'
  return new HubError('invalid', `Part ${number}: ${text}`, {
    problems: [{ location: `part ${number}`, text }],
  })
}
