/** Waiting for what happens on a socket or in another process: asks again and again, and gives up loudly. */
import { setTimeout as delay } from 'node:timers/promises'

export async function until(
  holds: () => boolean | Promise<boolean>,
  withinMs = 30_000,
): Promise<void> {
  const deadline = performance.now() + withinMs
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`Not so within ${withinMs} ms`)
    await delay(5)
  }
}
