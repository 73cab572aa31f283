/** `samsyn serve`: the hub, until it is told to stop. */
import { once } from 'node:events'
import { Command } from 'commander'

export interface ServeDeps {
  /** Resolves once the hub listens; `close` drains and ends it. */
  readonly startHub: () => Promise<{ readonly url: string; close(): Promise<void> }>
}

export function serveCommand({ startHub }: ServeDeps): Command {
  return new Command('serve')
    .description('Run the hub: every HTTP face and the background jobs, in one process')
    .action(async () => {
      // Listened for before the start, so that a stop asked for early is not lost.
      const told = Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')])
      const hub = await startHub()
      console.error(`samsyn: listening at ${hub.url}`)
      await told
      console.error('samsyn: stopping; what is in flight may end within 30 s')
      await hub.close()
    })
}
