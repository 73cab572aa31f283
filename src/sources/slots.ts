/** A bounded number of things at a time; who comes later waits in line. */
export interface Slots {
  /** Resolves to what gives the slot back (once; further calls do nothing). Rejects when `signal` aborts. */
  take(signal: AbortSignal): Promise<() => void>
}

export function makeSlots(count: number): Slots {
  let free = count
  const line = new Set<() => void>()

  function makeRelease(): () => void {
    let held = true
    return () => {
      if (!held) return
      held = false
      const [next] = line
      if (next === undefined) free += 1
      else {
        line.delete(next)
        next()
      }
    }
  }

  return {
    take(signal) {
      if (free > 0) {
        free -= 1
        return Promise.resolve(makeRelease())
      }
      return new Promise((resolve, reject) => {
        const admit = (): void => {
          signal.removeEventListener('abort', leave)
          resolve(makeRelease())
        }
        const leave = (): void => {
          line.delete(admit)
          reject(signal.reason instanceof Error ? signal.reason : new Error('Given up in line'))
        }
        line.add(admit)
        signal.addEventListener('abort', leave, { once: true })
      })
    },
  }
}
