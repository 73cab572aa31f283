/** A batch Bundle: each entry on its own, as if it had come alone (R4 http, section 3.1.0.11). */
import type { Principal } from '../domain/access/principal.ts'
import { HubError, isHubError } from '../kernel/errors.ts'
import type { JsonObject } from '../wire/fhir/json.ts'
import { readTransaction, type TransactionEntry } from '../wire/fhir/read-transaction.ts'
import type { CreatedResource, CreateResource } from './create-resource.ts'
import type { RequestContext } from './record-audit.ts'
import type { TransactionRequest } from './run-transaction.ts'

/** In the order of the entries: what was created, or why it was not. */
export type RunBatch = (
  principal: Principal,
  request: TransactionRequest,
  context: RequestContext,
) => Promise<readonly (CreatedResource | HubError)[]>

/** Throws `unprocessable` where the Bundle cannot be read as a list of creates. */
export function makeRunBatch(createResource: CreateResource): RunBatch {
  return async (principal, { bundle, parseCondition }, context) => {
    const results: (CreatedResource | HubError)[] = []
    for (const entry of entriesOf(bundle)) {
      const { resource, ifNoneExist } = entry
      try {
        const condition = ifNoneExist && parseCondition(String(resource.resourceType), ifNoneExist)
        const request = { resource, ifNoneExist: condition === '' ? undefined : condition }
        results.push(await createResource(principal, request, context))
      } catch (error) {
        if (!isHubError(error)) throw error
        results.push(error)
      }
    }
    return results
  }
}

function entriesOf(bundle: JsonObject): readonly TransactionEntry[] {
  const { entries, problems } = readTransaction(bundle)
  if (problems.length === 0) return entries
  throw new HubError('unprocessable', 'The batch could not be read', { problems })
}
