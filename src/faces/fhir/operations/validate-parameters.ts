/** What `$validate` is asked: a resource as the body or within Parameters, a mode and a profile. */
import type { Request, Response } from 'express'
import { HubError } from '../../../kernel/errors.ts'
import { isJsonObject, listOf, textOf, type JsonObject } from '../../../wire/fhir/json.ts'
import { bytesOf, queryPairs, readResource, resourceBody } from '../request.ts'

export interface ValidateInput {
  readonly resource: JsonObject | undefined
  readonly mode: string | undefined
  readonly profiles: readonly string[]
}

/** Throws `invalid` where the body is no resource. */
export async function validateInput(req: Request, res: Response): Promise<ValidateInput> {
  if (req.method === 'POST') await readBody(req, res)
  const body = bytesOf(req).length === 0 ? undefined : resourceBody(req)
  const asked = body === undefined ? NOTHING : questionIn(body)
  const pairs = queryPairs(req)
  return {
    resource: asked.resource,
    mode: asked.mode ?? pairs.find(([name]) => name === 'mode')?.[1],
    profiles: [
      ...asked.profiles,
      ...pairs.filter(([name]) => name === 'profile').map(([, value]) => value),
    ],
  }
}

const NOTHING: ValidateInput = { resource: undefined, mode: undefined, profiles: [] }

/** Parameters ask by their parts; those without any of these parts are themselves to be validated. */
function questionIn(body: JsonObject): ValidateInput {
  if (body.resourceType !== 'Parameters') return { ...NOTHING, resource: body }
  const parameters = listOf(body.parameter).filter(isJsonObject)
  const [resource] = parameters.filter(({ name }) => name === 'resource')
  const [mode] = parameters.filter(({ name }) => name === 'mode')
  const profiles = parameters.filter(({ name }) => name === 'profile')
  const isQuestion = resource !== undefined || mode !== undefined || profiles.length > 0
  if (!isQuestion) return { ...NOTHING, resource: body }
  return {
    resource: isJsonObject(resource?.resource) ? resource.resource : undefined,
    mode: textOf(mode?.valueCode),
    profiles: profiles.flatMap((one) => textOf(one.valueUri ?? one.valueCanonical) ?? []),
  }
}

const read = readResource()

function readBody(req: Request, res: Response): Promise<void> {
  return new Promise<void>((resolve, reject) => {
    void read(req, res, (error?: unknown) => {
      if (error === undefined) resolve()
      else
        reject(error instanceof Error ? error : new HubError('invalid', 'The body is unreadable'))
    })
  })
}
