/** create, conditional too (R4 http, section 3.1.0.8). */
import type { Request, RequestHandler, Response } from 'express'
import { HubError } from '../../kernel/errors.ts'
import type { CreatedResource, CreateResource } from '../../services/create-resource.ts'
import type { RecordConsent } from '../../services/record-consent.ts'
import type { JsonObject } from '../../wire/fhir/json.ts'
import { parseSearch } from '../../wire/fhir/parse-search.ts'
import type { Search } from '../../wire/fhir/search.ts'
import { contextOf, principalOf } from '../request-state.ts'
import { requireServed } from './interactions.ts'
import { resourceBody } from './request.ts'
import { sendWritten } from './send-written.ts'

export interface CreateDeps {
  readonly createResource: CreateResource
  readonly recordConsent: RecordConsent
  /** The FHIR base address. */
  readonly base: string
}

export function create(deps: CreateDeps): RequestHandler<{ type: string }> {
  return async function create(req, res) {
    const { type } = req.params
    requireServed(type, 'create')
    const resource = resourceBody(req)
    if (resource.resourceType !== type) {
      throw new HubError('invalid', `The body is no ${type}; POST it to its own type`)
    }
    const created = await write(deps, req, resource)
    sendCreated(deps, req, res, created)
  }
}

function write(
  deps: CreateDeps,
  req: Request<{ type: string }>,
  resource: JsonObject,
): Promise<CreatedResource> {
  const { type } = req.params
  const [principal, context] = [principalOf(req), contextOf(req)]
  if (type === 'Consent') return deps.recordConsent(principal, resource, context)
  const condition = req.get('if-none-exist')
  const ifNoneExist =
    condition === undefined ? undefined : parseCondition(deps.base, type, condition)
  return deps.createResource(principal, { resource, ifNoneExist }, context)
}

/** A condition that is not understood whole would match too much, so it is strict. */
export function parseCondition(base: string, type: string, query: string): Search {
  const pairs = [...new URLSearchParams(query.replace(/^[^?]*\?/, ''))]
  const search = parseSearch({ type, pairs, strict: true, base })
  if (search.conditions.length > 0) return search
  throw new HubError('invalid', 'If-None-Exist names no search parameter')
}

function sendCreated(
  { base }: CreateDeps,
  req: Request<{ type: string }>,
  res: Response,
  resource: CreatedResource,
): void {
  res.setHeader('Location', locationOf(base, resource))
  sendWritten(req, res, resource.created ? 201 : 200, resource)
}

export function locationOf(base: string, { type, id, version }: CreatedResource): string {
  return `${base}/${type}/${id}/_history/${version}`
}
