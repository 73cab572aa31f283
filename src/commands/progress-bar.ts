/** A bar on standard error while long work goes on; silent where that is no terminal. */
import type { WriteStream } from 'node:tty'

export interface ProgressBar {
  /** `total` undefined: a count without an end. */
  readonly show: (done: number, total: number | undefined) => void
  /** Leaves the line clean. */
  readonly end: () => void
}

const WIDTH = 30
const EVERY_MS = 100

export function makeProgressBar(
  label: string,
  terminal: Pick<WriteStream, 'isTTY' | 'write'>,
): ProgressBar {
  if (!terminal.isTTY) return { show: () => undefined, end: () => undefined }
  let shownAt = -Infinity
  return {
    show(done, total) {
      const now = performance.now()
      if (now - shownAt < EVERY_MS && done !== total) return
      shownAt = now
      terminal.write(`\r\x1b[K${line(label, done, total)}`)
    },
    end() {
      terminal.write('\r\x1b[K')
    },
  }
}

function line(label: string, done: number, total: number | undefined): string {
  if (total === undefined || total === 0) return `${done} ${label}`
  const filled = Math.min(WIDTH, Math.round((done / total) * WIDTH))
  return `${'█'.repeat(filled)}${'░'.repeat(WIDTH - filled)} ${done} of ${total} ${label}`
}
