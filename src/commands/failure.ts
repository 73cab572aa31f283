/** How a command ends badly: 2 for wrong usage, 1 for anything else, and a line that says what to do. */
import { CommanderError } from 'commander'
import { isHubError } from '../kernel/errors.ts'

/** The exit status for what a command threw, after telling it on standard error. */
export function reportFailure(error: unknown): 0 | 1 | 2 {
  // Commander has printed its own: help and version are no failures.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
  if (isHubError(error)) {
    console.error(`samsyn: ${error.message}`)
    for (const { location, text } of error.problems) console.error(`  ${location} ${text}`)
    return error.code === 'invalid' ? 2 : 1
  }
  console.error(error instanceof Error ? `samsyn: ${error.message}` : 'samsyn: failed')
  return 1
}
