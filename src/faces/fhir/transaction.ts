/** transaction and batch Bundles (R4 http, section 3.1.0.11). */
import { randomUUID } from 'node:crypto'
import type { RequestHandler } from 'express'
import { HubError } from '../../kernel/errors.ts'
import type { RunBatch } from '../../services/run-batch.ts'
import type { RunTransaction } from '../../services/run-transaction.ts'
import { responseText } from '../../wire/fhir/bundle.ts'
import { contextOf, principalOf } from '../request-state.ts'
import { responseEntry, type ResponseEntryDeps } from './response-entry.ts'
import { holderOf } from './page-holder.ts'
import { preferenceOf, resourceBody } from './request.ts'
import { sendText } from './send.ts'

export interface TransactionDeps extends ResponseEntryDeps {
  readonly runTransaction: RunTransaction
  readonly runBatch: RunBatch
}

export function transaction(deps: TransactionDeps): RequestHandler {
  return async function transaction(req, res) {
    const bundle = resourceBody(req)
    const { type } = bundle
    if (bundle.resourceType !== 'Bundle' || (type !== 'transaction' && type !== 'batch')) {
      throw new HubError('invalid', 'POST a Bundle of type transaction or batch here')
    }
    const run = type === 'transaction' ? deps.runTransaction : deps.runBatch
    const results = await run(principalOf(req), bundle, contextOf(req))
    const answer = { holder: holderOf(req), preference: preferenceOf(req, 'return') }
    const entries = results.map((one) => responseEntry(deps, one, answer))
    sendText(req, res, 200, responseText(type, { id: randomUUID(), entries }))
  }
}
