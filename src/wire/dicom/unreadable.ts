/** Why an object was not taken. */
import { HubError } from '../../kernel/errors.ts'

export type UnreadableReason =
  | 'not-dicom'
  | 'truncated'
  | 'malformed'
  | 'malformed-text'
  | 'header-too-large'
  | 'too-complex'
  | 'missing-uid'
  | 'uid-mismatch'

/** `unprocessable`, with the reason as machine code. Never tells a value of the object. */
export function unreadable(reason: UnreadableReason, text: string): HubError {
  return new HubError('unprocessable', `Not a readable DICOM object: ${text}`, { reason })
}
