/** transaction and batch Bundles (R4 http, section 3.1.0.11). */
import type { RequestHandler } from 'express'
import { HubError } from '../../kernel/errors.ts'
import type { CreatedResource } from '../../services/create-resource.ts'
import type { RunBatch } from '../../services/run-batch.ts'
import type { RunTransaction } from '../../services/run-transaction.ts'
import type { JsonObject } from '../../wire/fhir/json.ts'
import { outcomeOf } from '../../wire/fhir/outcome.ts'
import { HTTP_STATUS } from '../http-status.ts'
import { contextOf, principalOf } from '../request-state.ts'
import { locationOf, parseCondition } from './create.ts'
import { resourceBody } from './request.ts'
import { etagOf, sendJson } from './send.ts'

export interface TransactionDeps {
  readonly runTransaction: RunTransaction
  readonly runBatch: RunBatch
  /** The FHIR base address. */
  readonly base: string
}

export function transaction(deps: TransactionDeps): RequestHandler {
  return async function transaction(req, res) {
    const bundle = resourceBody(req)
    const { type } = bundle
    if (bundle.resourceType !== 'Bundle' || (type !== 'transaction' && type !== 'batch')) {
      throw new HubError('invalid', 'POST a Bundle of type transaction or batch here')
    }
    const request = {
      bundle,
      parseCondition: (of: string, query: string) => parseCondition(deps.base, of, query),
    }
    const run = type === 'transaction' ? deps.runTransaction : deps.runBatch
    const results = await run(principalOf(req), request, contextOf(req))
    const entry = results.map((one) => ({ response: responseOf(deps.base, one) }))
    sendJson(res, 200, {
      resourceType: 'Bundle',
      type: `${type}-response`,
      ...(entry.length > 0 && { entry }),
    })
  }
}

function responseOf(base: string, result: CreatedResource | HubError): JsonObject {
  if (result instanceof HubError) {
    return { status: String(HTTP_STATUS[result.code]), outcome: outcomeOf(result) }
  }
  return {
    status: result.created ? '201' : '200',
    location: locationOf(base, result),
    etag: etagOf(result.version),
    lastModified: result.lastUpdated.toISOString(),
  }
}
