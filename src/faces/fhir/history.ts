/** history of a resource and of a type (R4 http, section 3.1.0.10). */
import type { Request, RequestHandler, Response } from 'express'
import { historyText, type ReadHistory } from '../../services/read-history.ts'
import { requireServed } from '../../services/require-served.ts'
import { readHistoryQuery } from '../../wire/fhir/history-query.ts'
import { openPage, type PagePlace } from '../../wire/fhir/page-link.ts'
import { contextOf, principalOf } from '../request-state.ts'
import { historySet, type HistorySetDeps } from './history-set.ts'
import { holderOf } from './page-holder.ts'
import { queryPairs } from './query-pairs.ts'
import { preferenceOf, requireId } from './request.ts'
import { sendText } from './send.ts'

export interface HistoryDeps extends HistorySetDeps {
  readonly readHistory: ReadHistory
}

export function typeHistory(deps: HistoryDeps): RequestHandler<{ type: string }> {
  return async function typeHistory(req, res) {
    const { type } = req.params
    requireServed(type, 'history-type')
    await answer(deps, { type }, req, res)
  }
}

export function instanceHistory(deps: HistoryDeps): RequestHandler<{ type: string; id: string }> {
  return async function instanceHistory(req, res) {
    const { type, id } = req.params
    requireServed(type, 'history-instance')
    await answer(deps, { type, id: requireId(id) }, req, res)
  }
}

interface Whose {
  readonly type: string
  readonly id?: string | undefined
}

async function answer(
  deps: HistoryDeps,
  whose: Whose,
  req: Request<{ type: string }> | Request<{ type: string; id: string }>,
  res: Response,
): Promise<void> {
  const pairs = queryPairs(req)
  const link = pairs.find(([name]) => name === '_page')?.[1]
  const holder = holderOf(req)
  const place: Pick<PagePlace, 'pairs' | 'after'> =
    link === undefined
      ? { pairs }
      : openPage(deps.sealer, link, { holder, type: historyText(whose) })
  const strict = preferenceOf(req, 'handling') === 'strict'
  const { understood, ...asked } = readHistoryQuery(place.pairs, strict)
  const request = { ...whose, ...asked, after: place.after }
  const page = await deps.readHistory(principalOf(req), request, contextOf(req))
  sendText(req, res, 200, historySet(deps, { ...whose, page, holder, pairs: understood, link }))
}
