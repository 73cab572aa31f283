/** The hub's own log, with its lines kept for a test to read. */
import type { Logger } from 'pino'
import { makeLog } from '../../src/compose-log.ts'

export interface KeptLog {
  readonly log: Logger
  readonly lines: readonly string[]
}

export function keepLog(): KeptLog {
  const lines: string[] = []
  return { log: makeLog('debug', { write: (line: string) => void lines.push(line) }), lines }
}
