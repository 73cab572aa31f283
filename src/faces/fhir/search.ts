/** search-type by GET and by POST `_search`, and the pages that follow (R4 http, section 3.1.0.9). */
import { randomUUID } from 'node:crypto'
import type { Request, RequestHandler, Response } from 'express'
import { HubError } from '../../kernel/errors.ts'
import type { Clock } from '../../kernel/clock.ts'
import type { Sealer } from '../../kernel/seal.ts'
import type { FoundPage, Position, SearchResources } from '../../services/search-resources.ts'
import { searchsetText } from '../../wire/fhir/bundle.ts'
import { holdsNationalId, maskQuery } from '../../wire/fhir/national-id-in-query.ts'
import { ignoredOutcome } from '../../wire/fhir/outcome.ts'
import { openPage, sealPage, type PageHolder } from '../../wire/fhir/page-link.ts'
import { parseSearch } from '../../wire/fhir/parse-search.ts'
import type { QueryPair, Search } from '../../wire/fhir/search.ts'
import { contextOf, principalOf } from '../request-state.ts'
import { requireServed } from './interactions.ts'
import { formPairs, preferenceOf, queryPairs } from './request.ts'
import { sendText } from './send.ts'

export interface SearchDeps {
  readonly searchResources: SearchResources
  /** Seals page links. */
  readonly sealer: Sealer
  readonly clock: Clock
  /** The FHIR base address. */
  readonly base: string
  readonly nationalIdInUrl: 'reject' | 'allow'
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
    const hidden = inUrl.every(([name]) => name.startsWith('_'))
    await search(deps, { req, pairs: [...inUrl, ...inBody], hidden }, res)
  }
}

/** Access.md section 5: a national id is asked for in a body, never in a URL that others write down. */
function urlPairs({ nationalIdInUrl }: SearchDeps, req: TypeRequest): readonly QueryPair[] {
  const pairs = queryPairs(req)
  if (nationalIdInUrl === 'reject' && pairs.some(holdsNationalId)) {
    throw new HubError(
      'invalid',
      'A national id does not belong in a URL: send this search by POST to _search',
    )
  }
  return pairs
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
  const principal = principalOf(req)
  const holder = { client: principal.client, grant: principal.grant }
  const { pairs, after, link, hidden } = placeOf(deps, asked, holder)
  const strict = preferenceOf(req, 'handling') === 'strict'
  const understood = parseSearch({ type, pairs, strict, base: deps.base })
  const request = { search: understood, after, query: maskQuery(pairs), hidden }
  const page = await deps.searchResources(principal, request, contextOf(req))
  const links = { holder, pairs, self: link, hidden }
  sendText(res, 200, bundleText(deps, understood, { page, links }))
}

interface Place {
  readonly pairs: readonly QueryPair[]
  readonly after?: Position | undefined
  /** The sealed link the request came by. */
  readonly link?: string | undefined
  readonly hidden: boolean
}

function placeOf(deps: SearchDeps, { req, pairs, hidden }: Asked, holder: PageHolder): Place {
  const link = pairs.find(([name]) => name === '_page')?.[1]
  if (link === undefined) return { pairs, hidden }
  const { type } = req.params
  const { pairs: sealed, after } = openPage(deps.sealer, link, { holder, type })
  return { pairs: sealed, after, link, hidden: true }
}

interface Answer {
  readonly page: FoundPage
  readonly links: {
    readonly holder: PageHolder
    readonly pairs: readonly QueryPair[]
    readonly self: string | undefined
    readonly hidden: boolean
  }
}

function bundleText(deps: SearchDeps, search: Search, { page, links }: Answer): string {
  const { base, sealer } = deps
  const { type, ignored } = search
  const { holder, pairs, hidden } = links
  const pageUrl = (link: string): string => `${base}/${type}?_page=${link}`
  const seal = (after?: Position): string => sealPage(sealer, { type, pairs, after }, holder)
  // Names and birth dates that were sent in a body do not come back in a URL.
  const isSecret = search.confidential || (hidden && type === 'Patient')
  const self = links.self ?? (isSecret ? seal() : undefined)
  return searchsetText({
    ...page,
    id: randomUUID(),
    base,
    at: deps.clock(),
    self: self === undefined ? plainUrl(base, search) : pageUrl(self),
    next: page.next && pageUrl(seal(page.next)),
    outcome: ignored.length === 0 ? undefined : ignoredOutcome(ignored),
  })
}

/** The self link names what took effect, so that a client sees what did not. */
function plainUrl(base: string, { type, understood }: Search): string {
  const query = new URLSearchParams(
    understood.map((pair): [string, string] => [...pair]),
  ).toString()
  return query === '' ? `${base}/${type}` : `${base}/${type}?${query}`
}
