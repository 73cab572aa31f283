/** What every face is put together from. */
import type { Logger } from 'pino'
import type { Services } from './compose-services.ts'
import type { Storage } from './compose-storage.ts'
import type { Config } from './config.ts'
import type { Metrics } from './faces/operations/metrics.ts'
import type { Clock } from './kernel/clock.ts'

export interface FacesDeps {
  readonly config: Config
  readonly storage: Storage
  readonly services: Services
  readonly metrics: Metrics
  readonly isDraining: () => boolean
  readonly clock: Clock
  readonly log: Logger
}
