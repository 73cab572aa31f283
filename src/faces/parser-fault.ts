/** What Express and its body parsers throw before a handler is reached, as the hub's own error. */
import { HubError } from '../kernel/errors.ts'

/** Their errors carry a 4xx status. Undefined for anything else: that is a fault of the hub. */
export function parserFault(error: unknown): HubError | undefined {
  const status = error instanceof Error && 'status' in error ? error.status : undefined
  if (typeof status !== 'number' || status < 400 || status > 499) return undefined
  const cause = { cause: error }
  if (status === 413)
    return new HubError('too-large', 'The body is larger than is taken here', cause)
  if (status === 415)
    return new HubError('unsupported-media-type', 'The encoding is not supported', cause)
  return new HubError('invalid', 'The request could not be read', cause)
}
