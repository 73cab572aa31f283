/** Input of the operations on Subscription: pairs of the query, or primitive values of a Parameters body. */
import type { Request, Response } from 'express'
import { HubError } from '../../../kernel/errors.ts'
import { isJsonObject, listOf } from '../../../wire/fhir/json.ts'
import { bytesOf, queryPairs, resourceBody } from '../request.ts'
import { readBody } from './read-body.ts'

export type Input = ReadonlyMap<string, readonly string[]>

/** Throws `invalid` where the body is no Parameters; an empty one is as good as none. */
export async function operationInput(req: Request, res: Response): Promise<Input> {
  if (req.method !== 'POST') return collect(queryPairs(req))
  await readBody(req, res)
  if (bytesOf(req).length === 0) return collect(queryPairs(req))
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
