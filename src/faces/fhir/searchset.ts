/** A page of a search as a Bundle, with the links by which its holder goes on. */
import { randomUUID } from 'node:crypto'
import type { Clock } from '../../kernel/clock.ts'
import type { Sealer } from '../../kernel/seal.ts'
import type { FoundPage, Position } from '../../services/search-resources.ts'
import { searchsetText, type BundleResource } from '../../wire/fhir/bundle.ts'
import { ignoredOutcome } from '../../wire/fhir/outcome.ts'
import { sealPage, type PageHolder } from '../../wire/fhir/page-link.ts'
import type { QueryPair, Search } from '../../wire/fhir/search.ts'
import { cutText, type CutDeps } from './wanted-parts.ts'

export interface SearchsetDeps extends CutDeps {
  /** Seals page links. */
  readonly sealer: Sealer
  readonly clock: Clock
  /** The FHIR base address. */
  readonly base: string
}

export interface Searchset {
  readonly search: Search
  readonly page: FoundPage
  readonly holder: PageHolder
  readonly pairs: readonly QueryPair[]
  /** The sealed link the request came by. */
  readonly link?: string | undefined
  /** Whether what was asked stands in no URL. */
  readonly hidden: boolean
}

/** JSON text. */
export function searchset(deps: SearchsetDeps, set: Searchset): string {
  const { base, sealer } = deps
  const { search, page, holder, pairs, hidden } = set
  const { type, ignored } = search
  const pageUrl = (link: string): string => `${base}/${type}?_page=${link}`
  const seal = (after?: Position): string => sealPage(sealer, { type, pairs, after }, holder)
  // Names and birth dates that were sent in a body do not come back in a URL.
  const isSecret = search.confidential || (hidden && type === 'Patient')
  const self = set.link ?? (isSecret ? seal() : undefined)
  const cut = ({ content, ...one }: BundleResource): BundleResource => ({
    ...one,
    content: cutText(deps, content, search),
  })
  return searchsetText({
    ...page,
    matches: page.matches.map(cut),
    included: page.included.map(cut),
    id: randomUUID(),
    base,
    at: deps.clock(),
    self: self === undefined ? plainUrl(base, search) : pageUrl(self),
    next: page.next && pageUrl(seal(page.next)),
    outcome:
      ignored.length > 0 || page.includedCut === true
        ? ignoredOutcome(ignored, page.includedCut)
        : undefined,
  })
}

/** The self link names what took effect, so that a client sees what did not. */
function plainUrl(base: string, { type, understood }: Search): string {
  const query = new URLSearchParams(
    understood.map((pair): [string, string] => [...pair]),
  ).toString()
  return query === '' ? `${base}/${type}` : `${base}/${type}?${query}`
}
