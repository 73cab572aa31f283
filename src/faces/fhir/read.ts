/** read and vread (R4 http, sections 3.1.0.2 and 3.1.0.3). */
import type { Request, RequestHandler, Response } from 'express'
import { HubError } from '../../kernel/errors.ts'
import type { ReadResource, ResourceName } from '../../services/read-resource.ts'
import { isHeldAlready } from '../if-none-match.ts'
import { contextOf, principalOf } from '../request-state.ts'
import { requireServed } from './interactions.ts'
import { etagOf, sendText, setVersionHeaders } from './send.ts'

export interface ReadDeps {
  readonly readResource: ReadResource
}

export function read(deps: ReadDeps): RequestHandler<{ type: string; id: string }> {
  return async function read(req, res) {
    const { type, id } = req.params
    requireServed(type, 'read')
    await answer(deps, { type, id: requireId(id) }, req, res)
  }
}

type VersionParams = Record<'type' | 'id' | 'version', string>

export function vread(deps: ReadDeps): RequestHandler<VersionParams> {
  return async function vread(req, res) {
    const { type, id, version } = req.params
    requireServed(type, 'vread')
    if (!/^[1-9]\d{0,8}$/.test(version)) throw new HubError('not-found', 'No such version')
    await answer(deps, { type, id: requireId(id), version: Number(version) }, req, res)
  }
}

/** R4 datatypes, "id": anything else names nothing. */
function requireId(id: string): string {
  if (!/^[A-Za-z0-9.-]{1,64}$/.test(id)) throw new HubError('not-found', 'No such resource')
  return id
}

async function answer(
  { readResource }: ReadDeps,
  name: ResourceName,
  req: Request<{ type: string; id: string }> | Request<VersionParams>,
  res: Response,
): Promise<void> {
  const found = await readResource(principalOf(req), name, contextOf(req))
  setVersionHeaders(res, found)
  if (isHeldAlready(req, etagOf(found.version))) {
    res.status(304).end()
    return
  }
  sendText(res, 200, found.content)
}
