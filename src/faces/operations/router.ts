/**
 * /livez, /readyz and /metrics for whoever runs the hub. The public listener answers yes or no; detail and
 * metrics are for the operations listener, or for a caller on this machine that came by no proxy.
 */
import { Router, type Request } from 'express'
import { makeReadiness, type ReadinessDeps } from './readiness.ts'
import type { Metrics } from './metrics.ts'

export interface OperationsDeps extends ReadinessDeps {
  readonly metrics: Metrics
  /** `all` on the operations listener, `local` on the public one, `none` there when both run. */
  readonly detailFor: 'all' | 'local' | 'none'
}

/** Mount at the root. */
export function operationsRouter(deps: OperationsDeps): Router {
  const router = Router()
  const readiness = makeReadiness(deps)
  const maySee = (req: Request): boolean =>
    deps.detailFor === 'all' || (deps.detailFor === 'local' && isLocal(req))

  router.use(['/livez', '/readyz', '/metrics'], (_req, res, next) => {
    res.set('Cache-Control', 'no-store')
    next()
  })
  // Alive means that the event loop turns: a database that is down is no reason to be killed.
  router.get('/livez', (_req, res) => {
    res.type('text/plain').send('ok\n')
  })
  router.get('/readyz', async (req, res) => {
    const state = await readiness()
    res.status(state.ready ? 200 : 503)
    if (maySee(req)) res.json(state)
    else res.type('text/plain').send(state.ready ? 'ready\n' : 'not ready\n')
  })
  router.get('/metrics', async (req, res, next) => {
    if (!maySee(req)) {
      next()
      return
    }
    res.set('Content-Type', deps.metrics.contentType).send(await deps.metrics.print())
  })
  return router
}

const LOOPBACK = /^(::1|(::ffff:)?127\.)/

function isLocal(req: Request): boolean {
  // Behind a proxy on this machine every caller looks local; the proxy's own headers tell.
  const forwarded = ['forwarded', 'x-forwarded-for', 'via'].some((name) => name in req.headers)
  return !forwarded && LOOPBACK.test(req.socket.remoteAddress ?? '')
}
