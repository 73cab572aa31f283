/** Threads for bodies that would hold up everyone else's requests while they are validated. */
import path from 'node:path'
import { Piscina } from 'piscina'
import { HubError } from '../kernel/errors.ts'
import type { JsonObject } from '../wire/fhir/json.ts'
import type { Issue } from '../wire/fhir/validation/issues.ts'
import type { ValidationData, ValidationTask } from './validate.ts'

export interface ValidationPool {
  /**
   * Errors and warnings, as the validator reports them. Throws `too-large` where a thread's time or memory
   * does not suffice, `unavailable` where too many wait.
   */
  report(resource: JsonObject, profiles: readonly string[]): Promise<readonly Issue[]>
  /** Ends the threads, whatever they are at. */
  close(): Promise<void>
}

export interface PoolOptions extends ValidationData {
  /** Threads at work at once; each takes up to 400 MB while it is. */
  readonly threads?: number
  /** Milliseconds for one resource, waiting included. */
  readonly timeLimit?: number
}

/** The largest body, 4 MB in 20 000 values, takes some tenths of a second once the definitions are read. */
const TIME_LIMIT = 10_000
/** A thread without work gives its memory back. */
const IDLE = 60_000
/** At work or waiting: each is held in memory, as much as it was sent. */
const MAX_UNFINISHED = 32
const MAX_HEAP_MB = 512

/** Starts no thread before the first large body comes. */
export function makeValidationPool({
  files,
  own,
  threads = 1,
  timeLimit = TIME_LIMIT,
}: PoolOptions): ValidationPool {
  const pool = new Piscina<ValidationTask, readonly Issue[]>({
    filename: path.join(import.meta.dirname, 'validate.ts'),
    name: 'validate',
    minThreads: 0,
    maxThreads: threads,
    idleTimeout: IDLE,
    resourceLimits: { maxOldGenerationSizeMb: MAX_HEAP_MB },
    workerData: { files, own },
  })
  let unfinished = 0
  return {
    async report(resource, profiles) {
      if (unfinished >= MAX_UNFINISHED) {
        throw new HubError(
          'unavailable',
          'Too many large resources wait to be validated: try again',
        )
      }
      unfinished += 1
      const signal = AbortSignal.timeout(timeLimit)
      try {
        return await pool.run({ json: JSON.stringify(resource), profiles }, { signal })
      } catch (error) {
        throw told(error, signal)
      } finally {
        unfinished -= 1
      }
    },
    close: () => pool.destroy(),
  }
}

function told(error: unknown, signal: AbortSignal): unknown {
  const isOutOfMemory =
    error instanceof Error && 'code' in error && error.code === 'ERR_WORKER_OUT_OF_MEMORY'
  if (!signal.aborted && !isOutOfMemory) return error
  const message = 'The resource takes too much to validate: send it in parts'
  return new HubError('too-large', message, { cause: error })
}
