/** The HTTP faces over the services: who is mounted where, and what every request passes first. */
import express, { type Express } from 'express'
import helmet from 'helmet'
import type { Logger } from 'pino'
import { pinoHttp, type HttpLogger } from 'pino-http'
import { describeError } from './compose-log.ts'
import type { FacesDeps } from './compose-faces-deps.ts'
import { makeFhirRouter } from './compose-fhir.ts'
import type { Config } from './config.ts'
import { maskElevenDigits } from './domain/identity/suspect-national-id.ts'
import { adminRouter } from './faces/admin/router.ts'
import { bearer } from './faces/bearer.ts'
import { makeBufferPool } from './faces/buffer-pool.ts'
import { dicomwebRouter } from './faces/dicomweb/router.ts'
import { storeInstancesRouter } from './faces/dicomweb/store-instances.ts'
import { httpMetrics } from './faces/http-metrics.ts'
import { oauthRouter } from './faces/oauth/router.ts'
import { operationsRouter } from './faces/operations/router.ts'
import { problemJson } from './faces/problem-json.ts'
import { requestId } from './faces/request-id.ts'
import { contextOf } from './faces/request-state.ts'
import { HubError } from './kernel/errors.ts'

const MOUNTS = ['/fhir', '/dicom-web', '/oauth', '/.well-known', '/admin']
/** Eight streams at full speed keep their buffers; a burst beyond makes its own. */
// A 512 x 512 x 16 slice with its header in one read.
const READ_BUFFERS = { size: 576 * 1024, kept: 16 }

/** The public listener. */
export function makeApp(deps: FacesDeps): Express {
  const { config, services, metrics, log } = deps
  const app = makeExpress(config)
  app.use(requestId(), requestLog(log), httpMetrics(metrics.http, MOUNTS), securityHeaders(config))
  app.use(operations(deps, config.operationsPort === undefined ? 'local' : 'none'))

  const guard = bearer({ authenticate: services.authenticate, publicUrl: config.baseUrl })
  app.use(oauth(deps))
  app.use('/fhir', makeFhirRouter(deps, guard))
  app.use('/dicom-web', guard, dicomweb(deps))
  app.use('/admin', admin(deps, guard))
  app.use(() => {
    throw new HubError('not-found', 'There is nothing at this address')
  })
  app.use(problemJson(log))
  return app
}

/** The operators' listener (SAMSYN_OPERATIONS_PORT). */
export function makeOperationsApp(deps: FacesDeps): Express {
  return makeExpress(deps.config).use(operations(deps, 'all')).use(problemJson(deps.log))
}

type Guard = ReturnType<typeof bearer>

function makeExpress({ trustProxy }: Config): Express {
  const app = express().disable('x-powered-by').disable('etag').set('query parser', 'simple')
  return trustProxy.length > 0 ? app.set('trust proxy', trustProxy) : app
}

function requestLog(log: Logger): HttpLogger {
  return pinoHttp({
    logger: log,
    genReqId: (req) => contextOf(req).requestId,
    // The path alone: a query may hold what must never be written.
    serializers: {
      req: ({ id, method, url }: { id: string; method: string; url: string }) => ({
        id,
        method,
        path: maskPath(url),
      }),
      res: ({ statusCode }: { statusCode: number }) => ({ statusCode }),
      err: ({ raw }: { raw: unknown }) => describeError(raw),
    },
  })
}

/** A path has no place for a national id, and some callers put one there, plain or percent-encoded. */
function maskPath(url: string): string {
  const [path = ''] = url.split('?', 1)
  const decoded = path.replaceAll(/%3([0-9])/g, '$1')
  const masked = maskElevenDigits(decoded)
  return masked === decoded ? path : masked
}

/** Nothing the faces answer is a page that may run anything. */
function securityHeaders({ baseUrl }: Config): ReturnType<typeof helmet> {
  return helmet({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] },
    },
    strictTransportSecurity: baseUrl.startsWith('https:') && { maxAge: 31_536_000 },
  })
}

function operations(
  { storage, metrics, isDraining, log }: FacesDeps,
  detailFor: 'all' | 'local' | 'none',
): ReturnType<typeof operationsRouter> {
  const checks = {
    database: () => storage.pool.query('select 1'),
    objects: () => storage.objects.check(),
    keys: () => Promise.resolve(storage.sealer.open(storage.sealer.seal('ok', 'ready'), 'ready')),
  }
  return operationsRouter({ checks, isDraining, metrics, detailFor, log })
}

function oauth({
  config,
  storage,
  services,
  clock,
  log,
}: FacesDeps): ReturnType<typeof oauthRouter> {
  return oauthRouter({
    ...services,
    issuer: config.baseUrl,
    signingKeys: storage.keys.signing,
    accessState: services.state,
    records: services.oidcRecords,
    clock,
    log,
  })
}

function dicomweb({
  config,
  storage,
  services,
  log,
}: FacesDeps): ReturnType<typeof dicomwebRouter> {
  const publicUrl = config.baseUrl
  return dicomwebRouter({
    ...services,
    storeInstances: storeInstancesRouter({ ...services, publicUrl }),
    readObject: (...range) => storage.objects.read(...range),
    buffers: makeBufferPool(READ_BUFFERS.size, READ_BUFFERS.kept),
    boundaryOf: (value) => storage.sealer.pseudonym(value, 'multipart-boundary'),
    nationalIdInUrl: config.nationalIdInUrl,
    publicUrl,
    log,
  })
}

function admin({ config, services, log }: FacesDeps, guard: Guard): ReturnType<typeof adminRouter> {
  return adminRouter({ ...services, bearer: guard, baseUrl: `${config.baseUrl}/admin`, log })
}
