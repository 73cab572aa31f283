/** The hub's metrics in Prometheus' text format. No label holds an id, a UID, a name or an address. */
import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client'
import type { HttpObservation, HttpObserver } from '../http-metrics.ts'

/** One call to a system that is not ours; `sources/observe-egress.ts` makes it. */
export interface CallObservation {
  readonly operation: string
  readonly outcome: string
  readonly seconds: number
  readonly bytes: number
}

export interface Metrics {
  readonly http: HttpObserver
  /** Counts one call out. */
  readonly call: (observation: CallObservation) => void
  /** Adds a value that is read whenever /metrics is; `name` is prefixed `samsyn_`. */
  watch(name: string, help: string, read: () => number): void
  readonly contentType: string
  print(): Promise<string>
  /** Forgets every value: for the end of the process. */
  clear(): void
}

/** From a cached read to a whole study. */
const SECONDS = [0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300]

export function makeMetrics(): Metrics {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })

  return {
    http: makeHttpObserver(registry),
    call: makeCallObserver(registry),
    watch(name, help, read) {
      const gauge = new Gauge({
        name: `samsyn_${name}`,
        help,
        registers: [registry],
        collect: () => {
          gauge.set(read())
        },
      })
    },
    contentType: registry.contentType,
    print: () => registry.metrics(),
    clear: () => {
      registry.clear()
    },
  }
}

function makeHttpObserver(registry: Registry): HttpObserver {
  const registers = [registry]
  const labelNames = ['method', 'route', 'status'] as const
  const seconds = new Histogram({
    name: 'samsyn_http_request_seconds',
    help: 'Time from the request to the end of its answer',
    labelNames,
    buckets: SECONDS,
    registers,
  })
  const bytes = new Counter({
    name: 'samsyn_http_sent_bytes_total',
    help: 'Bytes sent in answers',
    labelNames: ['method', 'route'],
    registers,
  })
  const inFlight = new Gauge({
    name: 'samsyn_http_requests_in_flight',
    help: 'Requests being answered now',
    registers,
  })
  return {
    begin: () => {
      inFlight.inc()
    },
    end: ({ method, route, status, ...measured }: HttpObservation) => {
      inFlight.dec()
      seconds.observe({ method, route, status }, measured.seconds)
      bytes.inc({ method, route }, measured.bytesOut)
    },
  }
}

function makeCallObserver(registry: Registry): Metrics['call'] {
  const registers = [registry]
  const seconds = new Histogram({
    name: 'samsyn_source_request_seconds',
    help: 'Time of a call to a source, to the end of its answer',
    labelNames: ['operation', 'outcome'],
    buckets: SECONDS,
    registers,
  })
  const bytes = new Counter({
    name: 'samsyn_source_received_bytes_total',
    help: 'Bytes received from sources',
    labelNames: ['operation'],
    registers,
  })
  return ({ operation, outcome, ...measured }) => {
    seconds.observe({ operation, outcome }, measured.seconds)
    bytes.inc({ operation }, measured.bytes)
  }
}
