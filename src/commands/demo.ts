/** `samsyn demo`: a hub, its network and a clinician's story, in one terminal. */
import { once } from 'node:events'
import { Command } from 'commander'
import type { Config } from '../config.ts'
import { startDemo, type RunningDemo, type StartHub } from '../demo/run-demo.ts'
import type { Clock } from '../kernel/clock.ts'
import { HubError } from '../kernel/errors.ts'

export interface DemoCommandDeps {
  /** The configuration, with these variables set over the environment's. */
  readonly config: (over: Readonly<Record<string, string>>) => Config
  readonly startHub: StartHub
  readonly clock: Clock
}

interface DemoOptions {
  readonly port?: string
  readonly once?: true
}

export function demoCommand(deps: DemoCommandDeps): Command {
  return new Command('demo')
    .description('Start a hub with a network of made-up hospitals, and tell a clinician’s story')
    .option('--port <number>', 'port of the hub, instead of SAMSYN_PORT')
    .option('--once', 'end when the story is told')
    .action(async (options: DemoOptions) => {
      const { port } = options
      const config = deps.config(port === undefined ? {} : { SAMSYN_PORT: port })
      if (config.environment === 'production')
        throw new HubError('invalid', 'The demo does not run with SAMSYN_ENV=production')
      const say = (line: string): void => console.log(line)
      const demo = await startDemo({ ...deps, config, say })
      await runUntilDone(demo, options).finally(() => demo.close())
    })
}

async function runUntilDone(demo: RunningDemo, options: DemoOptions): Promise<void> {
  const interrupted = interruption()
  if (options.once) {
    await Promise.race([demo.tellStory(), interrupted])
    return
  }
  const told = demo.tellStory().catch((error: unknown) => {
    console.error(`samsyn: ${error instanceof Error ? error.message : 'the story failed'}`)
  })
  await Promise.race([told, interrupted])
  console.log('\nThe demo stays up; press Ctrl-C to end it.')
  await interrupted
}

/** Resolves at Ctrl-C or a polite request to end. */
function interruption(): Promise<unknown> {
  return Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')])
}
