/**
 * STOW-RS Store Transaction of DICOM objects: PS3.18 section 10.5 (RAD-108).
 *
 *     POST /studies
 *     POST /studies/{study}
 */
import { Router, type Request, type Response } from 'express'
import { parseStudyUid } from '../../domain/imaging/uid.ts'
import { HubError } from '../../kernel/errors.ts'
import type { StudyUid } from '../../kernel/ids.ts'
import type { PublishInstances, PublishRequest } from '../../services/publish-instances.ts'
import { storeResponse, type StoreResult } from '../../wire/dicom/stow-response.ts'
import { parseMediaType } from '../../wire/media-type.ts'
import { readMultipart } from '../../wire/multipart/read-multipart.ts'
import { contextOf, principalOf } from '../request-state.ts'
import { requireDicomJson } from './dicom-json.ts'
import { serviceUrl } from './scope.ts'

export interface StoreInstancesDeps {
  readonly publishInstances: PublishInstances
  /** Public address of the hub, without a slash at its end. */
  readonly publicUrl: string
}

const DICOM = 'application/dicom'
/** More belong into several requests: each is one transaction. */
const MAX_PARTS = 20_000
const MAX_PART_HEADER = 16_384
/** Milliseconds. */
const PATIENCE = 10_000

export function storeInstancesRouter({ publishInstances, publicUrl }: StoreInstancesDeps): Router {
  const router = Router()

  router.post(
    ['/studies', '/studies/:study'],
    async (req: Request<{ study?: string }>, res: Response) => {
      try {
        requireDicomJson(req)
        const study = req.params.study === undefined ? undefined : parseStudyUid(req.params.study)
        const parts = openParts(req)
        const result = await publishInstances(principalOf(req), { study, parts }, contextOf(req))
        answer(res, { result, study, service: serviceUrl(req, publicUrl) })
      } catch (error) {
        discardRest(req)
        throw error
      }
    },
  )

  return router
}

/** A sender that is still writing must be read, or it never sees the answer; but not for long. */
function discardRest(req: Request<object>): void {
  if (req.readableEnded || req.destroyed) return
  const timer = setTimeout(() => req.destroy(), PATIENCE)
  req.once('close', () => clearTimeout(timer))
  req.resume()
}

/** Throws `unsupported-media-type` where the body is neither objects nor a multipart of them. */
function openParts(req: Request<object>): PublishRequest['parts'] {
  const type = parseMediaType(req.get('content-type') ?? '')
  if (req.get('content-encoding') !== undefined) throw unsupported()
  const source = req.iterator({ destroyOnReturn: false })
  if (type?.type === DICOM) return single(source)
  if (type?.type !== 'multipart/related') throw unsupported()
  if ((type.parameters.get('type') ?? DICOM).toLowerCase() !== DICOM) throw unsupported()
  const boundary = type.parameters.get('boundary') ?? ''
  if (!/^[\x20-\x7e]{0,69}[\x21-\x7e]$/.test(boundary))
    throw new HubError(
      'invalid',
      'The multipart body has no usable boundary (RFC 2046 section 5.1.1)',
    )
  return dicomParts(source, boundary)
}

async function* single(source: AsyncIterable<Uint8Array>): PublishRequest['parts'] {
  yield { body: source }
}

async function* dicomParts(
  source: AsyncIterable<Uint8Array>,
  boundary: string,
): PublishRequest['parts'] {
  const limits = { headerBytes: MAX_PART_HEADER, parts: MAX_PARTS }
  for await (const part of readMultipart(source, boundary, limits)) {
    const type = parseMediaType(part.headers.get('content-type') ?? DICOM)
    if (type?.type !== DICOM)
      throw new HubError('unsupported-media-type', `Part ${part.number} is not ${DICOM}`)
    yield part
  }
}

interface Answer {
  readonly result: StoreResult
  readonly study: StudyUid | undefined
  readonly service: string
}

/** PS3.18 table 10.5.3-1. */
function answer(res: Response, { result, study, service }: Answer): void {
  const { stored, failed } = result
  if (stored.length === 0 && failed.length === 0)
    throw new HubError('invalid', 'The request holds no objects')
  const only = study ?? commonStudy(result)
  if (stored.length > 0 && only !== undefined) res.location(`${service}/studies/${only}`)
  res.status(failed.length === 0 ? 200 : stored.length > 0 ? 202 : 409)
  res.type('application/dicom+json').send(JSON.stringify(storeResponse(result, service)))
}

function commonStudy({ stored }: StoreResult): string | undefined {
  const [study, ...others] = new Set(stored.map(({ studyUid }) => studyUid))
  return others.length === 0 ? study : undefined
}

function unsupported(): HubError {
  return new HubError(
    'unsupported-media-type',
    `Send multipart/related; type="${DICOM}", or one object as ${DICOM}, without Content-Encoding`,
  )
}
