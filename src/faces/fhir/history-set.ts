/** A page of a history as a Bundle, with the links by which its holder goes on. */
import { randomUUID } from 'node:crypto'
import type { Clock } from '../../kernel/clock.ts'
import type { Sealer } from '../../kernel/seal.ts'
import { historyText as pathOf, type HistoryPage } from '../../services/read-history.ts'
import { historyText } from '../../wire/fhir/bundle.ts'
import { sealPage, type PageHolder } from '../../wire/fhir/page-link.ts'
import type { QueryPair } from '../../wire/fhir/search.ts'

export interface HistorySetDeps {
  /** Seals page links. */
  readonly sealer: Sealer
  readonly clock: Clock
  /** The FHIR base address. */
  readonly base: string
}

export interface ShownHistory {
  readonly type: string
  readonly id?: string | undefined
  readonly page: HistoryPage
  readonly holder: PageHolder
  /** The parameters that took effect. */
  readonly pairs: readonly QueryPair[]
  /** The sealed link the request came by. */
  readonly link?: string | undefined
}

/** JSON text. */
export function historySet(deps: HistorySetDeps, shown: ShownHistory): string {
  const { base, sealer } = deps
  const { page, pairs, holder, link } = shown
  const path = pathOf(shown)
  const query = new URLSearchParams(pairs.map((pair): [string, string] => [...pair])).toString()
  const plain = query === '' ? `${base}/${path}` : `${base}/${path}?${query}`
  const next = page.next && sealPage(sealer, { type: path, pairs, after: page.next }, holder)
  return historyText({
    id: randomUUID(),
    base,
    at: deps.clock(),
    versions: page.entries,
    self: link === undefined ? plain : `${base}/${path}?_page=${link}`,
    next: next && `${base}/${path}?_page=${next}`,
  })
}
