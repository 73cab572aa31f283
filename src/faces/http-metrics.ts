/**
 * Measures every HTTP request for /metrics. Labels come from route templates and fixed lists alone: what a
 * caller sent (an id, a UID, an invented method) can neither be read in a metric nor make a new one.
 */
import type { NextFunction, Request, Response } from 'express'

export interface HttpObservation {
  readonly method: string
  /** Mount and route template, as `/dicom-web/studies/:study`. */
  readonly route: string
  /** The status sent; 499 where the caller left before the answer's end. */
  readonly status: number
  readonly seconds: number
  /** Bytes on the wire, headers included. */
  readonly bytesOut: number
}

export interface HttpObserver {
  begin(): void
  end(observation: HttpObservation): void
}

const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])
/** nginx's name for a client that closed its connection; used in metrics only. */
const CLIENT_CLOSED = 499

/** `mounts` are the paths faces are mounted at, as `/fhir`; anything else is counted as `other`. */
export function httpMetrics(observer: HttpObserver, mounts: readonly string[]): Middleware {
  return (req, res, next) => {
    const { socket } = req
    const began = performance.now()
    const sentBefore = socket.bytesWritten
    const mount = mounts.find((path) => req.path === path || req.path.startsWith(`${path}/`))
    observer.begin()
    res.once('close', () => {
      observer.end({
        method: METHODS.has(req.method) ? req.method : 'other',
        route: `${mount ?? 'other'}${template(req)}`,
        status: res.writableFinished ? res.statusCode : CLIENT_CLOSED,
        seconds: (performance.now() - began) / 1000,
        bytesOut: socket.bytesWritten - sentBefore,
      })
    })
    next()
  }
}

type Middleware = (req: Request, res: Response, next: NextFunction) => void

/** Express sets `route` on the request it handed to one; its types leave it open. */
function template(req: Request): string {
  const route: unknown = req.route
  if (typeof route !== 'object' || route === null || !('path' in route)) return ''
  return typeof route.path === 'string' && route.path !== '/' ? route.path : ''
}
