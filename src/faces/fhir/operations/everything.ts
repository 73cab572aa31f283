/** `Patient/[id]/$everything`: the patient's compartment as a searchset, in pages. */
import { randomUUID } from 'node:crypto'
import type { Request, Response } from 'express'
import type { Clock } from '../../../kernel/clock.ts'
import type { Sealer } from '../../../kernel/seal.ts'
import {
  EVERYTHING_TYPES,
  type EverythingPage,
  type ReadEverything,
} from '../../../services/read-everything.ts'
import { searchsetText } from '../../../wire/fhir/bundle.ts'
import {
  readEverythingRequest,
  type EverythingQuestion,
} from '../../../wire/fhir/everything-request.ts'
import { maskQuery } from '../../../wire/fhir/national-id-in-query.ts'
import { ignoredOutcome } from '../../../wire/fhir/outcome.ts'
import { openPage, sealPage, type PagePlace } from '../../../wire/fhir/page-link.ts'
import { parameterPairs } from '../../../wire/fhir/parameter-pairs.ts'
import type { QueryPair } from '../../../wire/fhir/search.ts'
import { contextOf, principalOf } from '../../request-state.ts'
import { holderOf } from '../page-holder.ts'
import { preferenceOf, resourceBody } from '../request.ts'
import { sendText } from '../send.ts'
import { urlPairs, type UrlDeps } from '../url-pairs.ts'
import type { Operation } from './operation.ts'
import { readBody } from './read-body.ts'

export interface EverythingDeps extends UrlDeps {
  readonly readEverything: ReadEverything
  /** Seals page links. */
  readonly sealer: Sealer
  readonly clock: Clock
  /** The FHIR base address. */
  readonly base: string
}

const INCLUDED: ReadonlySet<string> = new Set(EVERYTHING_TYPES)

export function everythingOperation(deps: EverythingDeps): Operation {
  return {
    name: 'everything',
    level: 'instance',
    types: ['Patient'],
    methods: ['GET', 'POST'],
    definition: 'http://hl7.org/fhir/OperationDefinition/Patient-everything',
    handle: async function everything(req, res) {
      const { id: patient = '' } = req.params as Readonly<Record<string, string>>
      const path = `Patient/${patient}/$everything`
      const { pairs, after, link } = await placeOf(deps, { req, path }, res)
      const strict = preferenceOf(req, 'handling') === 'strict'
      const isIncluded = (type: string): boolean => INCLUDED.has(type)
      const question = readEverythingRequest({ pairs, strict, isIncluded })
      const query = `${path}?${maskQuery(pairs)}`
      const request = { patient, question, after, query }
      const page = await deps.readEverything(principalOf(req), request, contextOf(req))
      sendText(req, res, 200, bundle(deps, { req, path, question, page, link }))
    },
  }
}

interface Asked {
  readonly req: Request
  readonly path: string
}

interface Place extends Pick<PagePlace, 'pairs' | 'after'> {
  /** The sealed link the request came by. */
  readonly link?: string | undefined
}

async function placeOf(deps: EverythingDeps, { req, path }: Asked, res: Response): Promise<Place> {
  const pairs = await pairsOf(deps, req, res)
  const link = pairs.find(([name]) => name === '_page')?.[1]
  if (link === undefined) return { pairs }
  return { ...openPage(deps.sealer, link, { holder: holderOf(req), type: path }), link }
}

async function pairsOf(
  deps: EverythingDeps,
  req: Request,
  res: Response,
): Promise<readonly QueryPair[]> {
  const inUrl = urlPairs(deps, req)
  if (req.method !== 'POST') return inUrl
  await readBody(req, res)
  const isEmpty = !Buffer.isBuffer(req.body) || req.body.length === 0
  return isEmpty ? inUrl : [...inUrl, ...parameterPairs(resourceBody(req))]
}

interface Answered extends Asked {
  readonly question: EverythingQuestion
  readonly page: EverythingPage
  readonly link?: string | undefined
}

function bundle(
  { base, sealer, clock }: EverythingDeps,
  { req, path, question, page, link }: Answered,
): string {
  const { understood: pairs, ignored } = question
  const plain = new URLSearchParams(pairs.map((pair): [string, string] => [...pair])).toString()
  const query = link === undefined ? plain : `_page=${link}`
  const next = page.next && sealPage(sealer, { type: path, pairs, after: page.next }, holderOf(req))
  return searchsetText({
    ...{ id: randomUUID(), base, at: clock() },
    ...{ matches: page.matches, included: page.included },
    self: query === '' ? `${base}/${path}` : `${base}/${path}?${query}`,
    next: next && `${base}/${path}?_page=${next}`,
    outcome: ignored.length === 0 ? undefined : ignoredOutcome(ignored),
  })
}
