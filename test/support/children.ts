/** Child processes of tests: started with this Node, awaited by what they print, ended by pid. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'

export interface RunningChild {
  readonly process: ChildProcess
  /** Resolves with the first line of standard output that matches; rejects when the child ends before. */
  line(pattern: RegExp): Promise<string>
  /** Everything printed so far. */
  output(): string
  kill(signal?: NodeJS.Signals): Promise<void>
}

export function startChild(
  command: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): RunningChild {
  const child = spawn(command, args, {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  const waiting = new Set<() => void>()
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text
      for (const check of waiting) check()
    })
  }
  const ended = once(child, 'close')
  void ended.then(() => {
    for (const check of waiting) check()
  })
  return {
    process: child,
    output: () => output,
    line: (pattern) =>
      new Promise((resolve, reject) => {
        const check = (): void => {
          const found = output.split('\n').find((line) => pattern.test(line))
          if (found === undefined && child.exitCode === null && child.signalCode === null) return
          waiting.delete(check)
          if (found === undefined) reject(new Error(`ended before ${pattern}:\n${output}`))
          else resolve(found)
        }
        waiting.add(check)
        check()
      }),
    async kill(signal = 'SIGTERM') {
      if (child.exitCode === null && child.signalCode === null) child.kill(signal)
      await ended
    },
  }
}
