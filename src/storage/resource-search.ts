/** Answering a search from the rows a caller may see, as JSON text that is not parsed again. */
import type { Search } from '../wire/fhir/search.ts'
import { boundedRead } from './bounded-read.ts'
import type { Db } from './db.ts'
import {
  findIncluded,
  LINK_COLUMNS,
  type FoundResource,
  type Inclusions,
} from './search-inclusions.ts'
import { orderOf, type Part, type Position } from './search-order-sql.ts'
import { countMatches, isBound, isNarrow, matching } from './search-size.ts'
import {
  bytesOf,
  FEW_ROWS,
  isCut,
  PAGE_BYTES,
  withinBytes,
  withinShare,
  type SizedRow,
} from './sized-rows.ts'
import { statementName } from './statement-name.ts'
import { timesAsTexts } from './pool.ts'
import type { Visibility } from './visibility-sql.ts'

export type { FoundResource, Position }

export interface FoundPage {
  readonly matches: readonly FoundResource[]
  readonly included: readonly FoundResource[]
  /** There was more to include than a page may bring along. */
  readonly includedCut?: boolean | undefined
  /** Where the next page begins; absent on the last. */
  readonly next?: Position | undefined
  /** How many match in all, where it was asked for or the page holds them all. */
  readonly total?: number | undefined
}

export interface SearchInput {
  readonly search: Search
  readonly visibility: Visibility
  readonly after?: Position | undefined
}

/**
 * One page, of fewer matches than were asked for where these are large. Throws `invalid` with reason `too-costly` for a search that would hold the database; the first
 * page of one patient's material is none, and is spared the transaction that tells.
 */
export function searchResources(db: Db, input: SearchInput): Promise<FoundPage> {
  return isTimeline(input) ? findPage(db, input) : boundedRead(db, (one) => findPage(one, input))
}

/** What every reader begins with: the first page of one patient's material, in the order of time or of ids. */
function isTimeline({ search, after }: SearchInput): boolean {
  const { conditions, sort, include, revinclude, total, countOnly } = search
  const [only, ...more] = conditions
  const isPlain = more.length === 0 && sort.length <= 1 && after === undefined
  const isAlone = include.length + revinclude.length === 0 && total !== 'accurate' && !countOnly
  const byTime = sort.every(({ by }) => by.in === 'clinical-date')
  return isPlain && isAlone && byTime && only?.kind === 'patient' && only.anyOf.length === 1
}

interface Narrowed extends SearchInput {
  readonly narrow: boolean
}

async function findPage(db: Db, input: SearchInput): Promise<FoundPage> {
  const { search, visibility, after } = input
  const narrow = await isNarrow(db, search, visibility)
  if (search.countOnly)
    return {
      matches: [],
      included: [],
      total: await countMatches(db, search, { visibility, narrow }),
    }
  const { rows, cut: isShort } = await findRows(db, { ...input, narrow })
  const page = rows.slice(0, search.count)
  const isWhole = rows.length === page.length && !isShort
  const { included, cut } = await inclusionsOf(db, input, page)
  return {
    matches: page.map((row) => ({ type: search.type, id: row.id, content: row.content })),
    included,
    ...(cut && { includedCut: true }),
    next: isWhole ? undefined : positionOf(page.at(-1)),
    total: await totalOf(
      db,
      { ...input, narrow },
      isWhole && after === undefined ? page.length : undefined,
    ),
  }
}

interface PartRow extends SizedRow {
  readonly id: string
  readonly refs?: readonly string[]
  readonly patient?: string | null
  readonly custodian?: string | null
  readonly [key: `key_${number}`]: string | number | null
}

type Row = PartRow & { readonly content: string }

/**
 * A page and one row more. Among one patient's rows one statement finds it. Elsewhere rows with a value of the
 * first sort key are asked for before those without, so that each part is a range of an index.
 */
async function findRows(db: Db, input: Narrowed): Promise<FoundRows> {
  const { search, visibility, after } = input
  const isWhole = isBound(search, visibility) || !firstIsNullable(search)
  const limit = search.count + 1
  const part = (one: Part, rest: Rest): Promise<FoundRows> => findPart(db, input, one, rest)
  if (isWhole) return part('all', { limit, bytes: PAGE_BYTES })
  const isPast = after?.[0] === null
  const valued = isPast ? NO_ROWS : await part('valued', { limit, bytes: PAGE_BYTES })
  const left = { limit: limit - valued.rows.length, bytes: PAGE_BYTES - bytesOf(valued.rows) }
  if (valued.cut || left.limit === 0) return valued
  if (left.bytes <= 0) return { ...valued, cut: true }
  const valueless = await part('valueless', left)
  return { rows: [...valued.rows, ...valueless.rows], cut: valueless.cut }
}

interface FoundRows {
  readonly rows: readonly Row[]
  /** There were more for which the page had no bytes left. */
  readonly cut: boolean
}

const NO_ROWS: FoundRows = { rows: [], cut: false }

function firstIsNullable(search: Search): boolean {
  return orderOf(search, 'r', () => '').firstIsNullable
}

/** What a page has left. */
interface Rest {
  readonly limit: number
  readonly bytes: number
}

async function findPart(db: Db, input: Narrowed, part: Part, rest: Rest): Promise<FoundRows> {
  if (rest.limit <= FEW_ROWS) {
    const rows = await readPart(db, { ...input, part, ...rest, isQuick: true })
    const whole = rows.filter(isRow)
    if (whole.length === rows.length) return { rows: whole, cut: false }
  }
  const rows = await readPart(db, { ...input, part, ...rest, isQuick: false })
  return { rows: rows.filter(isRow), cut: isCut(rows) }
}

const isRow = (row: PartRow): row is Row => row.content !== null

interface Reading extends Narrowed, Rest {
  readonly part: Part
  /** Leaves out the content of rows with more than their share of the bytes; otherwise rows beyond the bytes. */
  readonly isQuick: boolean
}

async function readPart(db: Db, reading: Reading): Promise<readonly PartRow[]> {
  const { search, visibility, after, narrow, part, limit, bytes, isQuick } = reading
  const { text: from, parameters } = matching(search, visibility, narrow)
  const push = (value: unknown): string => `$${parameters.push(value)}`
  const order = orderOf(search, 'r', push)
  const links = search.include.length > 0 ? `, ${LINK_COLUMNS}` : ''
  const content = isQuick ? withinShare('r.content', push(Math.floor(bytes / limit))) : 'r.content'
  const page = `select r.id, ${content} as content${links}, ${order.columns} ${from}${order.within(part, after)}
     order by ${order.orderBy} limit ${push(limit)}`
  const text = isQuick ? page : withinBytes(page, { orderBy: order.byName, bytes: push(bytes) })
  const name = nameOf(text, reading)
  const { rows } = await db.query<PartRow>({
    text,
    values: parameters,
    types: timesAsTexts,
    ...(name !== undefined && { name }),
  })
  return rows
}

/** One plan suits any patient's rows; among all rows a plan made for any key would suit neither rare nor common ones. */
function nameOf(text: string, input: SearchInput): string | undefined {
  if (!isBound(input.search, input.visibility)) return undefined
  return statementName(text, isTimeline(input) ? 'everyday' : 'search')
}

/** A first page that holds every match has counted them already. */
async function totalOf(
  db: Db,
  { search, visibility, narrow }: Narrowed,
  known: number | undefined,
): Promise<number | undefined> {
  if (known !== undefined) return known
  return search.total === 'none' ? undefined : countMatches(db, search, { visibility, narrow })
}

function positionOf(row: Row | undefined): Position | undefined {
  if (row === undefined) return undefined
  const keys = Object.entries(row).filter(([name]) => name.startsWith('key_'))
  return keys.map(([, value]) => textOrNull(value))
}

function textOrNull(value: unknown): string | null {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : null
}

const NOTHING_MORE: Inclusions = { included: [], cut: false }

async function inclusionsOf(
  db: Db,
  { search, visibility }: SearchInput,
  page: readonly Row[],
): Promise<Inclusions> {
  if (page.length === 0 || search.include.length + search.revinclude.length === 0)
    return NOTHING_MORE
  const linked = page.map(({ id, content, refs = [], patient = null, custodian = null }) => ({
    ...{ type: search.type, id, content, refs, patient, custodian },
  }))
  return findIncluded(db, search, { page: linked, visibility })
}
