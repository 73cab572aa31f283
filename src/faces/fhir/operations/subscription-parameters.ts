/** Input of the operations on Subscription: pairs of the query, or primitive values of a Parameters body. */
import { raw, type Request, type Response } from 'express'
import { HubError } from '../../../kernel/errors.ts'
import { isJsonObject, listOf } from '../../../wire/fhir/json.ts'
import { queryPairs, resourceBody } from '../request.ts'

const MAX_BODY = 64 * 1024
const readBody = raw({ type: () => true, limit: MAX_BODY })

export type Input = ReadonlyMap<string, readonly string[]>

/** Throws `invalid` where the body is no Parameters; an empty one is as good as none. */
export async function operationInput(req: Request, res: Response): Promise<Input> {
  if (req.method !== 'POST') return collect(queryPairs(req))
  await new Promise<void>((resolve, reject) => {
    readBody(req, res, (error?: unknown) => {
      if (error === undefined) resolve()
      else reject(error instanceof Error ? error : new Error('The body could not be read'))
    })
  })
  if (!Buffer.isBuffer(req.body) || req.body.length === 0) return collect(queryPairs(req))
  const body = resourceBody(req)
  if (body.resourceType !== 'Parameters') throw new HubError('invalid', 'Send Parameters')
  const pairs = listOf(body.parameter).filter(isJsonObject).flatMap(valuesOf)
  return collect([...queryPairs(req), ...pairs])
}

function valuesOf(
  parameter: Readonly<Record<string, unknown>>,
): readonly (readonly [string, string])[] {
  return Object.entries(parameter).flatMap(([key, value]) =>
    key.startsWith('value') && (typeof value === 'string' || typeof value === 'number')
      ? [[String(parameter.name), String(value)] as const]
      : [],
  )
}

function collect(pairs: readonly (readonly [string, string])[]): Input {
  const groups = Map.groupBy(pairs, ([name]) => name)
  return new Map([...groups].map(([name, group]) => [name, group.map(([, value]) => value)]))
}
