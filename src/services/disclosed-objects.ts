/** Rows of the objects handed out, held back for a moment so that an object costs no round trip. */
import type { Clock } from '../kernel/clock.ts'
import type { InstanceUid } from '../kernel/ids.ts'
import type { Log } from '../kernel/log.ts'
import type { DisclosedObject } from '../storage/audit-events.ts'

export interface ObjectRows {
  /** False where no more rows can wait: the caller's disclosure is then one of the whole study. */
  note(disclosure: string, instance: InstanceUid): boolean
  /** Writes what waits; false where that failed and all of it still waits. */
  flush(): Promise<boolean>
}

/** What may wait for a database that does not answer: some 20 MB. */
const MAX_WAITING = 200_000

export function makeObjectRows(deps: {
  readonly write: (objects: readonly DisclosedObject[]) => Promise<void>
  readonly clock: Clock
  readonly log: Log
}): ObjectRows {
  let waiting: DisclosedObject[] = []
  return {
    note(disclosure, instance) {
      if (waiting.length >= MAX_WAITING) return false
      waiting.push({ disclosure, instance, at: deps.clock() })
      return true
    },
    async flush() {
      const objects = waiting
      if (objects.length === 0) return true
      waiting = []
      try {
        await deps.write(objects)
        return true
      } catch (error) {
        waiting = [...objects, ...waiting]
        deps.log.error(
          { err: error, objects: objects.length },
          'Disclosed objects not yet recorded',
        )
        return false
      }
    },
  }
}
