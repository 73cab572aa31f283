/** `samsyn work`: the background jobs alone, for installations that keep them off the HTTP nodes. */
import { once } from 'node:events'
import { Command } from 'commander'

export interface WorkDeps {
  readonly startWork: () => Promise<{ close(): Promise<void> }>
}

export function workCommand({ startWork }: WorkDeps): Command {
  return new Command('work')
    .description('Run the background jobs alone; `serve` runs them too')
    .action(async () => {
      const told = Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')])
      const jobs = await startWork()
      console.error('samsyn: working')
      await told
      await jobs.close()
    })
}
