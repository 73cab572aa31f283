/**
 * WADO-RS Retrieve Transaction, metadata as DICOM JSON (PS3.18 sections 10.4 and F.2), instance by instance:
 * memory does not grow with the study.
 */
import { type Request, type Response, Router } from 'express'
import type {
  InstanceMetadata,
  OpenedMetadata,
  OpenMetadata,
} from '../../services/open-metadata.ts'
import type { OpenStudy } from '../../services/open-study.ts'
import { rewriteAddresses } from '../../wire/dicom/rewrite-addresses.ts'
import { contextOf, principalOf } from '../request-state.ts'
import { clientGone, endResponse, writeChunks } from '../response-flow.ts'
import { requireDicomJson } from './dicom-json.ts'
import { parseScope, resourceUrl, type ScopeParams, serviceUrl } from './scope.ts'

const PATHS = [
  '/studies/:study/metadata',
  '/studies/:study/series/:series/metadata',
  '/studies/:study/series/:series/instances/:instance/metadata',
]

export interface MetadataDeps {
  readonly openStudy: OpenStudy
  readonly openMetadata: OpenMetadata
  /** Of the hub, without a path. */
  readonly publicUrl: string
}

export function retrieveMetadataRouter(deps: MetadataDeps): Router {
  const router = Router()

  router.get(PATHS, async (req: Request<ScopeParams>, res) => {
    requireDicomJson(req)
    const scope = parseScope(req.params)
    const found = await deps.openStudy.find(principalOf(req), scope, contextOf(req))
    res.setHeader('cache-control', 'private, no-cache')
    if (req.method === 'HEAD') {
      await deps.openStudy.tell(found, { copies: found.copies.slice(0, 1) })
      res.type('application/dicom+json').end()
      return
    }
    const opened = await deps.openMetadata(found, clientGone(res))
    await send(res, opened, serviceUrl(req, deps.publicUrl))
  })

  return router
}

async function send(res: Response, opened: OpenedMetadata, service: string): Promise<void> {
  const { copy, items, disclosure, signal } = opened
  let outcome: 'completed' | 'failed' | 'aborted' = 'failed'
  try {
    res.type('application/dicom+json')
    let lead = '['
    for await (const item of items) {
      const json = printItem(item, copy.study, service)
      disclosure.add(item.instance, json.length)
      await writeChunks(res, [Buffer.from(lead), json], signal)
      lead = ',\n'
    }
    await endResponse(res, Buffer.from(']'), signal)
    outcome = 'completed'
  } catch (error) {
    if (signal.aborted) outcome = 'aborted'
    if (!res.headersSent && !signal.aborted) throw error
    res.destroy()
  } finally {
    await disclosure.close(outcome)
  }
}

function printItem(
  item: InstanceMetadata,
  study: OpenedMetadata['copy']['study'],
  service: string,
): Buffer {
  if (item.held === 'hub') return item.json
  const scope = { study, series: item.series, instance: item.instance }
  const retrieveUrl = resourceUrl(service, scope)
  return Buffer.from(JSON.stringify(rewriteAddresses(item.dataset, { retrieveUrl })))
}
