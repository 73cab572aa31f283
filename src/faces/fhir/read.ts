/** read and vread (R4 http, sections 3.1.0.2 and 3.1.0.3). */
import type { Request, RequestHandler, Response } from 'express'
import { HubError } from '../../kernel/errors.ts'
import type { ReadResource, ResourceName } from '../../services/read-resource.ts'
import { requireServed } from '../../services/require-served.ts'
import { isHeldAlready } from '../if-none-match.ts'
import { contextOf, principalOf } from '../request-state.ts'
import { namesFormat, readStored } from './format.ts'
import { requireId } from './request.ts'
import { sendBinary } from './send-binary.ts'
import { etagOf, sendText, setVersionHeaders, type Versioned } from './send.ts'
import { cutText, wantedParts, type CutDeps } from './wanted-parts.ts'

export interface ReadDeps extends CutDeps {
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

async function answer(
  deps: ReadDeps,
  name: ResourceName,
  req: Request<{ type: string; id: string }> | Request<VersionParams>,
  res: Response,
): Promise<void> {
  const wanted = wantedParts(req)
  const found = await deps.readResource(principalOf(req), name, contextOf(req))
  setVersionHeaders(res, found)
  if (isUnchanged(req, found)) {
    res.status(304).end()
    return
  }
  if (name.type === 'Binary' && !namesFormat(req)) sendBinary(req, res, readStored(found.content))
  else sendText(req, res, 200, cutText(deps, found.content, wanted))
}

/** RFC 9110 section 13.1.3: a tag counts before a time. */
function isUnchanged(req: Request, { version, lastUpdated }: Versioned): boolean {
  if (req.headers['if-none-match'] !== undefined) return isHeldAlready(req, etagOf(version))
  const since = Date.parse(req.headers['if-modified-since'] ?? '')
  // The header knows seconds alone.
  return Math.floor(lastUpdated.getTime() / 1000) * 1000 <= since
}
