/** What a sender may ask of the listener: its messages, its connections, its time. */
import { MAX_MESSAGE } from '../../wire/hl7v2/message.ts'

export interface MllpLimits {
  readonly messageBytes: number
  readonly connections: number
  readonly connectionsPerAddress: number
  /** A connection on which nothing happens is closed. */
  readonly idleMs: number
  /** A frame that has begun must end. */
  readonly frameMs: number
  /** What is being taken when the listener closes is taken to its end, or this long. */
  readonly drainMs: number
}

export const LIMITS: MllpLimits = {
  messageBytes: MAX_MESSAGE,
  connections: 200,
  connectionsPerAddress: 16,
  idleMs: 3_600_000,
  frameMs: 60_000,
  drainMs: 30_000,
}
