/** create, conditional too (R4 http, section 3.1.0.8). */
import type { Request, RequestHandler } from 'express'
import { HubError } from '../../kernel/errors.ts'
import type { CreateResource } from '../../services/create-resource.ts'
import { readCondition } from '../../services/read-condition.ts'
import type { RecordConsent } from '../../services/record-consent.ts'
import { requireConditional, requireServed } from '../../services/require-served.ts'
import type { CreatedResource } from '../../services/write-resource.ts'
import type { JsonObject } from '../../wire/fhir/json.ts'
import { contextOf, principalOf } from '../request-state.ts'
import { sentKind } from './format.ts'
import { bytesOf, contentType, resourceBody } from './request.ts'
import { sendWritten } from './send-written.ts'

export interface CreateDeps {
  readonly createResource: CreateResource
  readonly recordConsent: RecordConsent
  /** The FHIR base address. */
  readonly base: string
}

type TypeRequest = Request<{ type: string }>

export function create(deps: CreateDeps): RequestHandler<{ type: string }> {
  return async function create(req, res) {
    const { type } = req.params
    requireServed(type, 'create')
    const sent =
      type === 'Binary' && sentKind(req) === undefined ? rawBinary(req) : resourceBody(req)
    if (sent.resourceType !== type) {
      throw new HubError('invalid', `The body is no ${type}; POST it to its own type`)
    }
    sendWritten(req, res, { base: deps.base, resource: await write(deps, req, sent) })
  }
}

/** R4 binary, section 2.13.2: bytes of any other type are the content of a Binary. */
function rawBinary(req: TypeRequest): JsonObject {
  const reference = req.get('x-security-context')
  const type = contentType(req)
  if (!/^[\w.+-]+\/[\w.+-]+$/.test(type))
    throw new HubError('unsupported-media-type', 'Say what the bytes are: Content-Type')
  return {
    resourceType: 'Binary',
    contentType: type,
    ...(reference !== undefined && { securityContext: { reference } }),
    data: bytesOf(req).toString('base64'),
  }
}

function write(deps: CreateDeps, req: TypeRequest, resource: JsonObject): Promise<CreatedResource> {
  const { type } = req.params
  const [principal, context] = [principalOf(req), contextOf(req)]
  const condition = req.get('if-none-exist')
  if (condition !== undefined) requireConditional(type, 'create')
  if (type === 'Consent') return deps.recordConsent(principal, resource, context)
  const ifNoneExist =
    condition === undefined ? undefined : readCondition(deps.base, type, condition)
  return deps.createResource(principal, { resource, ifNoneExist }, context)
}
