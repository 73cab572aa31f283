/**
 * QIDO-RS Search Transaction over the index (PS3.18 section 10.6).
 *
 *     GET /studies                                  GET /series      GET /instances
 *     GET /studies/{study}/series                   GET /studies/{study}/instances
 *     GET /studies/{study}/series/{series}/instances
 */
import { type Request, type Response, Router } from 'express'
import type { QueryLevel } from '../../domain/imaging/study-query.ts'
import { mayHoldNationalId } from '../../domain/identity/suspect-national-id.ts'
import { HubError } from '../../kernel/errors.ts'
import { lookup } from '../../kernel/lookup.ts'
import type { FindStudies, FoundObject, FoundObjects } from '../../services/find-studies.ts'
import { tagOfAttribute } from '../../wire/dicom/keywords.ts'
import { QIDO_ATTRIBUTES } from '../../wire/dicom/qido-attributes.ts'
import { parseQidoQuery, type QidoQuery } from '../../wire/dicom/qido-query.ts'
import { qidoResult } from '../../wire/dicom/qido-result.ts'
import { contextOf, principalOf } from '../request-state.ts'
import { requireDicomJson } from './dicom-json.ts'
import { parseSearchScope, resourceUrl, type ScopeParams, serviceUrl } from './scope.ts'

const RESOURCES: readonly (readonly [path: string, level: QueryLevel])[] = [
  ['/studies', 'study'],
  ['/series', 'series'],
  ['/instances', 'instance'],
  ['/studies/:study/series', 'series'],
  ['/studies/:study/instances', 'instance'],
  ['/studies/:study/series/:series/instances', 'instance'],
]

export interface SearchDeps {
  readonly findStudies: FindStudies
  /** Of the hub, without a path. */
  readonly publicUrl: string
  /** SAMSYN_NATIONAL_ID_IN_URL */
  readonly nationalIdInUrl: 'reject' | 'allow'
}

const LIMITS = { defaultLimit: 1_000, maxLimit: 10_000 }

export function searchRouter(deps: SearchDeps): Router {
  const router = Router()
  for (const [path, level] of RESOURCES)
    router.get(path, async (req: Request<Partial<ScopeParams>>, res) => {
      requireDicomJson(req)
      const parameters = new URLSearchParams(req.originalUrl.split('?').slice(1).join('?'))
      if (deps.nationalIdInUrl === 'reject') refuseNationalIds(parameters)
      const query = parseQidoQuery(parameters, level, LIMITS)
      const scope = parseSearchScope(req.params)
      const found = await deps.findStudies(
        principalOf(req),
        { query: { level, ...scope, ...query }, asked: maskQuery(req.path, query) },
        contextOf(req),
      )
      const service = serviceUrl(req, deps.publicUrl)
      warn(res, service, { query, found })
      const include = scope.study === undefined && level !== 'study' ? 'all' : query.include
      const results = found.objects.map((object) =>
        qidoResult(describe(object, level, service), include),
      )
      res.type('application/dicom+json').send(JSON.stringify(results))
    })
  return router
}

/** What may be a national id does not belong in an address, where logs keep it (access.md section 5). */
function refuseNationalIds(parameters: URLSearchParams): void {
  for (const [name, value] of parameters) {
    const place = tagOfAttribute(name) === PATIENT_ID ? 'person' : 'text'
    if (!namesUids(name) && mayHoldNationalId(value, place))
      throw new HubError(
        'invalid',
        'A national id may not stand in a URL: the access token names the patient, and PatientID matches local ids',
      )
  }
}

const PATIENT_ID = '00100020'

function namesUids(name: string): boolean {
  const attribute = lookup(QIDO_ATTRIBUTES, tagOfAttribute(name) ?? '')
  return attribute?.vr === 'UI'
}

/** What names or tells of a patient stays out of the log; that it was asked is kept. */
function maskQuery(path: string, { matches, limit, offset }: QidoQuery): string {
  const words = matches.map(({ tag, test }) =>
    tag.startsWith('0010') || test.kind === 'wildcard' ? `${tag}=…` : `${tag}=${textOf(test)}`,
  )
  return `${path.slice(1)}?${[...words, `limit=${limit}`, `offset=${offset}`].join('&')}`
}

function textOf(test: QidoQuery['matches'][number]['test']): string {
  if (test.kind === 'any-of') return test.values.slice(0, 10).join(',')
  return test.kind === 'range' ? `${test.from ?? ''}-${test.until ?? ''}` : '…'
}

function describe(
  object: FoundObject,
  level: QueryLevel,
  service: string,
): Parameters<typeof qidoResult>[0] {
  const { study, series, instance } = object
  const scope = { study, series: series?.uid, instance: instance?.uid }
  return { ...object, level, studyUid: study, retrieveUrl: resourceUrl(service, scope) }
}

/** PS3.18 sections 10.6.3.2 and 8.3.4.3. */
function warn(
  res: Response,
  service: string,
  { query, found }: { readonly query: QidoQuery; readonly found: FoundObjects },
): void {
  const texts = []
  if (found.remaining > 0)
    texts.push(`There are ${found.remaining} additional results that can be requested`)
  if (query.fuzzyMatching)
    texts.push(
      'The fuzzymatching parameter is not supported. Only literal matching has been performed.',
    )
  if (texts.length > 0)
    res.setHeader(
      'warning',
      texts.map((text) => `299 ${service}: ${text}`),
    )
}
