/** search-type by GET and by POST `_search`, and the pages that follow (R4 http, section 3.1.0.9). */
import type { Request, RequestHandler, Response } from 'express'
import { requireServed } from '../../services/require-served.ts'
import type { Position, SearchResources } from '../../services/search-resources.ts'
import { maskQuery } from '../../wire/fhir/national-id-in-query.ts'
import { openPage } from '../../wire/fhir/page-link.ts'
import type { EnumerateValueSet } from '../../wire/fhir/parse-name.ts'
import { parseSearch } from '../../wire/fhir/parse-search.ts'
import type { QueryPair } from '../../wire/fhir/search.ts'
import { contextOf } from '../request-state.ts'
import { askFormat } from './format.ts'
import { holderOf } from './page-holder.ts'
import { formPairs, preferenceOf } from './request.ts'
import { searchset, type SearchsetDeps } from './searchset.ts'
import { sendText } from './send.ts'
import { urlPairs, type UrlDeps } from './url-pairs.ts'
import { principalOf } from '../request-state.ts'

export interface SearchDeps extends SearchsetDeps, UrlDeps {
  readonly searchResources: SearchResources
  readonly enumerate: EnumerateValueSet
}

type TypeRequest = Request<{ type: string }>

export function searchByGet(deps: SearchDeps): RequestHandler<{ type: string }> {
  return async function searchByGet(req, res) {
    await search(deps, { req, pairs: urlPairs(deps, req), hidden: false }, res)
  }
}

export function searchByPost(deps: SearchDeps): RequestHandler<{ type: string }> {
  return async function searchByPost(req, res) {
    const [inUrl, inBody] = [urlPairs(deps, req), formPairs(req)]
    const format = inBody.find(([name]) => name === '_format')?.[1]
    if (format !== undefined) askFormat(req, format)
    const hidden = inUrl.every(([name]) => name.startsWith('_'))
    await search(deps, { req, pairs: [...inUrl, ...inBody], hidden }, res)
  }
}

interface Asked {
  readonly req: TypeRequest
  readonly pairs: readonly QueryPair[]
  /** Whether what was asked stands in no URL. */
  readonly hidden: boolean
}

async function search(deps: SearchDeps, asked: Asked, res: Response): Promise<void> {
  const { req } = asked
  const { type } = req.params
  requireServed(type, 'search-type')
  const { pairs, after, link, hidden } = placeOf(deps, asked)
  const strict = preferenceOf(req, 'handling') === 'strict'
  const { base, enumerate } = deps
  const understood = parseSearch({ type, pairs, strict, base, enumerate })
  const request = { search: understood, after, query: maskQuery(pairs), hidden }
  const page = await deps.searchResources(principalOf(req), request, contextOf(req))
  const holder = holderOf(req)
  sendText(
    req,
    res,
    200,
    searchset(deps, { search: understood, page, holder, pairs, link, hidden }),
  )
}

interface Place {
  readonly pairs: readonly QueryPair[]
  readonly after?: Position | undefined
  /** The sealed link the request came by. */
  readonly link?: string | undefined
  readonly hidden: boolean
}

function placeOf(deps: SearchDeps, { req, pairs, hidden }: Asked): Place {
  const link = pairs.find(([name]) => name === '_page')?.[1]
  if (link === undefined) return { pairs, hidden }
  const expected = { holder: holderOf(req), type: req.params.type }
  const { pairs: sealed, after } = openPage(deps.sealer, link, expected)
  return { pairs: sealed, after, link, hidden: true }
}
