/** What this face reads of a request before an interaction sees it. */
import { raw, type Request, type RequestHandler } from 'express'
import { HubError } from '../../kernel/errors.ts'
import type { JsonObject } from '../../wire/fhir/json.ts'
import { parseJson, parseResourceJson } from '../../wire/fhir/parse-json.ts'
import type { QueryPair } from '../../wire/fhir/search.ts'
import { principalOf } from '../request-state.ts'
import { formatOf, sentKind } from './format.ts'
import { mediaRanges } from './media-ranges.ts'

export { queryPairs } from './query-pairs.ts'

/** Reports carry their documents inline; a larger one belongs in an object. */
const MAX_PUBLISHED = 4 * 1024 * 1024
/** What all others may send: a Consent, at most, is far smaller. */
const MAX_RESOURCE = 256 * 1024
const MAX_FORM = 64 * 1024

/** Reads the body whole, within bounds, whatever its type; `formPairs` judges that. */
export function readForm(): RequestHandler {
  return reader(MAX_FORM)
}

/** As `readForm`, for `resourceBody`. Parsing comes before the decision, so the token sets the bound. */
export function readResource(): RequestHandler {
  const [published, other] = [reader(MAX_PUBLISHED), reader(MAX_RESOURCE)]
  return function readResource(req, res, next) {
    const read = principalOf(req).actions.has('publish') ? published : other
    read(req, res, next)
  }
}

function reader(limit: number): RequestHandler {
  return raw({ type: () => true, limit })
}

/** Throws `unsupported-media-type`, or `invalid` where the body is no resource. */
export function resourceBody(req: Request): JsonObject {
  const bytes = bytesOf(req)
  switch (sentKind(req)) {
    case 'json':
      return parseResourceJson(bytes)
    case 'xml':
      return formatOf(req).xml.parse(bytes)
    case undefined:
      throw new HubError(
        'unsupported-media-type',
        'Send the resource as application/fhir+json or application/fhir+xml',
      )
  }
}

/** A JSON Patch document. FHIRPath Patch, which R4 sends as a resource, is not served. */
export function patchBody(req: Request): unknown {
  const type = contentType(req)
  if (type === 'application/json-patch+json') return parseJson(bytesOf(req))
  throw new HubError('unsupported-media-type', 'Send the patch as application/json-patch+json')
}

/** Pairs of a POST search's form. Throws `unsupported-media-type`. */
export function formPairs(req: Request): readonly QueryPair[] {
  const bytes = bytesOf(req)
  if (bytes.length === 0) return []
  if (contentType(req) !== 'application/x-www-form-urlencoded') {
    throw new HubError(
      'unsupported-media-type',
      'Send the search as application/x-www-form-urlencoded',
    )
  }
  return [...new URLSearchParams(bytes.toString('utf8'))]
}

/** Without its parameters, in lower case. */
export function contentType(req: Request): string {
  return mediaRanges(req.headers['content-type'] ?? '')[0]?.type ?? ''
}

export function bytesOf(req: Request): Buffer {
  const body: unknown = req.body
  return Buffer.isBuffer(body) ? body : Buffer.alloc(0)
}

/** A preference of RFC 7240, as `handling` or `return`. */
export function preferenceOf(req: Request, name: string): string | undefined {
  const preferences = (req.get('prefer') ?? '').split(/[,;]/).map((one) => one.trim().split('='))
  return preferences.find(([key]) => key?.toLowerCase() === name)?.[1]?.replaceAll('"', '')
}

/** R4 datatypes, "id": anything else names nothing. */
export function requireId(id: string): string {
  if (!/^[A-Za-z0-9.-]{1,64}$/.test(id)) throw new HubError('not-found', 'No such resource')
  return id
}
