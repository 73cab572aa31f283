/** How many may do one thing at a time: each holds memory while it does. */
import { HubError } from '../kernel/errors.ts'

export interface TurnLimits {
  readonly perClient: number
  readonly inAll: number
}

/**
 * Takes a turn and returns how to give it back; call that once. Throws `unavailable`, reason
 * `too-many-at-once`, where the client or all clients together have no more turns.
 */
export type TakeTurn = (client: string) => () => void

export function makeTurns({ perClient, inAll }: TurnLimits): TakeTurn {
  const running = new Map<string, number>()
  let total = 0
  return (client) => {
    const own = running.get(client) ?? 0
    if (own >= perClient || total >= inAll) throw tooMany(own >= perClient ? perClient : inAll)
    running.set(client, own + 1)
    total += 1
    return () => {
      const left = (running.get(client) ?? 1) - 1
      if (left > 0) running.set(client, left)
      else running.delete(client)
      total -= 1
    }
  }
}

function tooMany(limit: number): HubError {
  return new HubError('unavailable', `At most ${limit} such requests at a time: ask again later`, {
    reason: 'too-many-at-once',
  })
}
