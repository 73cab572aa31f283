/** The DICOMweb service (PS3.18 chapters 8 and 10): one file per transaction, mounted behind the bearer check. */
import { type ErrorRequestHandler, Router } from 'express'
import type { Log } from '../../kernel/log.ts'
import { HubError, isHubError } from '../../kernel/errors.ts'
import { problemJson } from '../problem-json.ts'
import { type RetrieveDeps, retrieveInstancesRouter } from './retrieve-instances.ts'
import { type MetadataDeps, retrieveMetadataRouter } from './retrieve-metadata.ts'
import { type SearchDeps, searchRouter } from './search.ts'

export interface DicomwebDeps extends RetrieveDeps, MetadataDeps, SearchDeps {
  readonly log: Log
  /** STOW-RS: `storeInstancesRouter(…)`. */
  readonly storeInstances: Router
}

export function dicomwebRouter(deps: DicomwebDeps): Router {
  const router = Router()
  router.use(deps.storeInstances)
  router.use(searchRouter(deps))
  router.use(retrieveMetadataRouter(deps))
  router.use(retrieveInstancesRouter(deps))
  router.use(() => {
    throw new HubError('not-found', 'No such DICOMweb resource')
  })
  router.use(withdrawHeaders(), problemJson(deps.log))
  return router
}

/** What was said about an answer that did not come must not stand with the error. */
function withdrawHeaders(): ErrorRequestHandler {
  return function withdrawHeaders(error: unknown, _req, res, next) {
    if (!res.headersSent) {
      for (const name of ['content-length', 'content-type', 'etag', 'vary', 'warning'])
        res.removeHeader(name)
      res.setHeader('cache-control', 'no-store')
      if (isHubError(error) && error.code.endsWith('unavailable'))
        res.setHeader('retry-after', '10')
    }
    next(error)
  }
}
