/** What this face reads of a request before an interaction sees it. */
import { raw, type Request, type RequestHandler } from 'express'
import { HubError } from '../../kernel/errors.ts'
import { parseResourceJson } from '../../wire/fhir/parse-json.ts'
import type { JsonObject } from '../../wire/fhir/json.ts'
import type { QueryPair } from '../../wire/fhir/search.ts'
import { principalOf } from '../request-state.ts'

/** Reports carry their documents inline; a larger one belongs in an object. */
const MAX_PUBLISHED = 4 * 1024 * 1024
/** What all others may send: a Consent, at most, is far smaller. */
const MAX_RESOURCE = 256 * 1024
const MAX_FORM = 64 * 1024

const JSON_TYPES = new Set(['application/fhir+json', 'application/json', 'text/json', 'json'])
const WILDCARDS = new Set(['*/*', 'application/*', 'text/*'])

/** Throws `not-acceptable` where the caller takes no JSON; `_format` overrides Accept (R4 http, section 3.1.0.1.11). */
export function requireJsonAccepted(req: Request): void {
  const format = queryPairs(req).find(([name]) => name === '_format')?.[1]
  const ranges = (format ?? req.headers.accept ?? '*/*').split(',').map(mediaRange)
  const accepted = ranges.some(
    (range) => JSON_TYPES.has(range) || (format === undefined && WILDCARDS.has(range)),
  )
  if (accepted) return
  throw new HubError('not-acceptable', 'The registry answers in application/fhir+json')
}

function mediaRange(text: string): string {
  const [type = ''] = text.split(';')
  // A plus sign in a query string arrives as a space.
  return type.trim().toLowerCase().replace(' ', '+')
}

/** The pairs of the query string, in order. */
export function queryPairs(req: Request): readonly QueryPair[] {
  const start = req.originalUrl.indexOf('?')
  return start < 0 ? [] : [...new URLSearchParams(req.originalUrl.slice(start + 1))]
}

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
  if (!JSON_TYPES.has(mediaRange(req.headers['content-type'] ?? ''))) {
    throw new HubError('unsupported-media-type', 'Send the resource as application/fhir+json')
  }
  return parseResourceJson(bytesOf(req))
}

/** Pairs of a POST search's form. Throws `unsupported-media-type`. */
export function formPairs(req: Request): readonly QueryPair[] {
  const bytes = bytesOf(req)
  if (bytes.length === 0) return []
  if (mediaRange(req.headers['content-type'] ?? '') !== 'application/x-www-form-urlencoded') {
    throw new HubError(
      'unsupported-media-type',
      'Send the search as application/x-www-form-urlencoded',
    )
  }
  return [...new URLSearchParams(bytes.toString('utf8'))]
}

function bytesOf(req: Request): Buffer {
  const body: unknown = req.body
  return Buffer.isBuffer(body) ? body : Buffer.alloc(0)
}

/** A preference of RFC 7240, as `handling` or `return`. */
export function preferenceOf(req: Request, name: string): string | undefined {
  const preferences = (req.get('prefer') ?? '').split(/[,;]/).map((one) => one.trim().split('='))
  return preferences.find(([key]) => key?.toLowerCase() === name)?.[1]?.replaceAll('"', '')
}
