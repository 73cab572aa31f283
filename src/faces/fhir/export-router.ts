/** Where an export is asked how it stands, fetched and deleted: addresses of the hub's own (Bulk Data Access 2.0). */
import { Router, type Request, type RequestHandler, type Response } from 'express'
import { HubError } from '../../kernel/errors.ts'
import type { Log } from '../../kernel/log.ts'
import type { CancelExport } from '../../services/cancel-export.ts'
import type { OpenExportFile } from '../../services/open-export-file.ts'
import type { ExportStatus, ReadExport } from '../../services/read-export.ts'
import { exportManifest } from '../../wire/fhir/export-manifest.ts'
import { informationOutcome, outcomeOf } from '../../wire/fhir/outcome.ts'
import type { FhirXml } from '../../wire/fhir/xml.ts'
import { contextOf, principalOf } from '../request-state.ts'
import { errors } from './errors.ts'
import { answerInJson } from './format.ts'
import { sendExportFile } from './send-export-file.ts'
import { send, sendResource } from './send.ts'

export interface ExportRouterDeps {
  readonly readExport: ReadExport
  readonly openExportFile: OpenExportFile
  readonly cancelExport: CancelExport
  /** The bearer middleware. */
  readonly guard: RequestHandler
  readonly xml: FhirXml
  /** The FHIR base address. */
  readonly base: string
  readonly log: Log
}

/** Mount at `/fhir/export`, before the registry's own router: files have a format of their own. */
export function exportRouter(deps: ExportRouterDeps): Router {
  const router = Router({ caseSensitive: true })
  router.use(answerInJson(deps.xml), deps.guard)
  router.get('/:id', status(deps))
  router.delete('/:id', cancel(deps))
  router.all('/:id', refuse('GET, HEAD, DELETE'))
  router.get('/:id/:file', file(deps))
  router.all('/:id/:file', refuse('GET, HEAD'))
  router.use(() => {
    throw new HubError('not-found', 'Nothing is served at this address')
  })
  router.use(errors(deps.log))
  return router
}

/** Seconds until it is worth asking again. */
const ASK_AGAIN = '2'

function status(deps: ExportRouterDeps): RequestHandler<{ id: string }> {
  return async function status(req, res) {
    const { id } = req.params
    const found = await deps.readExport(principalOf(req), id, contextOf(req))
    res.setHeader('Cache-Control', 'private, no-store')
    if (found.state === 'running') {
      res.setHeader('X-Progress', progressOf(found)).setHeader('Retry-After', ASK_AGAIN)
      res.status(202).end()
    } else if (found.state === 'failed') {
      const outcome = outcomeOf(new HubError('unprocessable', found.error))
      sendResource(req, res, 500, outcome)
    } else sendManifest(deps, res, { ...found, id })
  }
}

type Running = Extract<ExportStatus, { readonly state: 'running' }>
type Done = Extract<ExportStatus, { readonly state: 'done' }>

function progressOf({ resources, done, types }: Running): string {
  return `${resources} resources in ready files, ${Math.min(done, types)} of ${types} types done`
}

function sendManifest(
  { base }: ExportRouterDeps,
  res: Response,
  { id, at, expiresAt, url, files }: Done & { readonly id: string },
): void {
  const manifest = exportManifest({
    at,
    request: url,
    files: files.map(({ number, ...one }) => ({
      ...one,
      url: `${base}/export/${id}/${number}.ndjson`,
    })),
  })
  res.setHeader('Expires', expiresAt.toUTCString())
  send(res, { status: 200, type: 'application/json', body: JSON.stringify(manifest) })
}

function cancel({ cancelExport }: ExportRouterDeps): RequestHandler<{ id: string }> {
  return async function cancel(req, res) {
    await cancelExport(principalOf(req), req.params.id, contextOf(req))
    sendResource(req, res, 202, informationOutcome('The export and its files are deleted'))
  }
}

function file({ openExportFile }: ExportRouterDeps): RequestHandler<{ id: string; file: string }> {
  return async function file(req, res) {
    const number = /^([1-9]\d{0,8})\.ndjson$/.exec(req.params.file)?.[1]
    if (number === undefined) throw new HubError('not-found', 'No such file')
    const request = { id: req.params.id, number: Number(number) }
    const found = await openExportFile(principalOf(req), request, contextOf(req))
    await sendExportFile(req, res, found)
  }
}

function refuse(allowed: string) {
  return function refuse(req: Request, res: Response): void {
    const error = new HubError('method-not-allowed', 'This is not done with an export')
    sendResource(req, res, 405, outcomeOf(error), { Allow: allowed })
  }
}
