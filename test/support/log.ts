/** A log that tests can ignore. */
import type { Log } from '../../src/kernel/log.ts'

const nothing = (): void => undefined

export const silentLog: Log = { debug: nothing, info: nothing, warn: nothing, error: nothing }
