/**
 * `_include` and `_revinclude`: what the matches of a page refer to and what refers to them, as far as the caller
 * sees it; with `:iterate` from what came along as well, until nothing new is found.
 */
import type { Inclusion, Search } from '../wire/fhir/search.ts'
import type { Db } from './db.ts'
import { hashedKeys } from './search-keys-sql.ts'
import { bytesOf, isCut, PAGE_BYTES, withinBytes, type SizedRow } from './sized-rows.ts'
import { livingRows, type Visibility } from './visibility-sql.ts'

export interface FoundResource {
  readonly type: string
  readonly id: string
  /** JSON text as served. */
  readonly content: string
}

/** A resource and where it leads. */
export interface LinkedResource extends FoundResource {
  readonly refs: readonly string[]
  readonly patient: string | null
  readonly custodian: string | null
}

export interface Inclusions {
  readonly included: readonly FoundResource[]
  /** There were more than one page may bring along. */
  readonly cut: boolean
}

/** Resources that inclusions may add to one page, and the rounds of `:iterate`: a chain of that length ends. */
const MAX_INCLUDED = 1000
const MAX_ROUNDS = 10

export const LINK_COLUMNS = 'r.refs, r.patient, r.custodian'

export async function findIncluded(
  db: Db,
  { include, revinclude }: Pick<Search, 'include' | 'revinclude'>,
  found: { readonly page: readonly LinkedResource[]; readonly visibility: Visibility },
): Promise<Inclusions> {
  const known = new Map(found.page.map((one) => [nameOf(one), one]))
  const included: LinkedResource[] = []
  let bytes = 0
  let isShort = false
  let fresh: readonly LinkedResource[] = found.page
  for (let round = 0; round < MAX_ROUNDS && fresh.length > 0; round += 1) {
    const applies = ({ iterate }: Inclusion): boolean => round === 0 || iterate
    const asked = [
      ...forwards(include.filter(applies), fresh),
      ...backwards(revinclude.filter(applies), fresh),
    ]
    const next: LinkedResource[] = []
    for (const one of asked) {
      const room = MAX_INCLUDED + 1 - included.length - next.length
      if (room <= 0 || isShort) break
      const left = PAGE_BYTES - bytes
      const linked = await findLinked(db, { ...one, known, room, bytes: left }, found.visibility)
      next.push(...linked)
      bytes += bytesOf(linked)
      isShort = isCut(linked) || bytes >= PAGE_BYTES
    }
    included.push(...next)
    fresh = next
  }
  const isUnfollowed = fresh.length > 0
  const cut = included.length > MAX_INCLUDED || isShort || isUnfollowed
  return { included: included.slice(0, MAX_INCLUDED), cut }
}

const nameOf = ({ type, id }: { readonly type: string; readonly id: string }): string =>
  `${type}/${id}`

/** Rows of a type by id, by a column that names what they belong to, or by what they refer to. */
interface Asked {
  readonly type: string
  readonly by: 'id' | 'patient' | 'custodian' | 'keys'
  readonly values: readonly string[]
}

/** Ids by type, of what the inclusions' references of the rows lead to. */
function forwards(inclusions: readonly Inclusion[], rows: readonly LinkedResource[]): Asked[] {
  const ids = new Map<string, Set<string>>()
  for (const { type, id } of inclusions.flatMap((one) => targetsOf(one, rows)))
    ids.set(type, (ids.get(type) ?? new Set<string>()).add(id))
  return [...ids].map(([type, set]) => ({ type, by: 'id', values: [...set] }))
}

interface Target {
  readonly type: string
  readonly id: string
}

function targetsOf(
  { type: referring, link, targets }: Inclusion,
  rows: readonly LinkedResource[],
): readonly Target[] {
  const prefix = `${link.code}|`
  return rows
    .filter(({ type }) => type === referring)
    .flatMap((row) => [
      ...row.refs.filter((ref) => ref.startsWith(prefix)).map((ref) => ref.slice(prefix.length)),
      ...columnTarget(link, row),
    ])
    .flatMap((reference) => {
      const [type = '', id = '', ...more] = reference.split('/')
      return more.length === 0 && targets.includes(type) ? [{ type, id }] : []
    })
}

function columnTarget({ column }: Inclusion['link'], row: LinkedResource): readonly string[] {
  if (column === undefined) return []
  const id = row[column]
  return id === null ? [] : [`${OWNERS[column]}/${id}`]
}

/** What a row that is named by a column is. */
const OWNERS = { patient: 'Patient', custodian: 'Organization' } as const

/** Rows that refer to others by a column or by a key, as the others' type has it. */
function backwards(inclusions: readonly Inclusion[], rows: readonly LinkedResource[]): Asked[] {
  return inclusions.flatMap(({ link, type, targets }) => {
    const targeted = rows.filter((row) => targets.includes(row.type))
    const { column } = link
    const isOwner = (row: LinkedResource): boolean =>
      column !== undefined && row.type === OWNERS[column]
    const owners = targeted.filter(isOwner).map(({ id }) => id)
    const others = targeted.filter((row) => !isOwner(row))
    const keys = others.map((row) => `${link.code}|${nameOf(row)}`)
    return [
      { type, by: column ?? 'keys', values: owners },
      { type, by: 'keys', values: keys },
    ]
  })
}

interface Looking extends Asked {
  /** Matches and what is included already; grows by what is found. */
  readonly known: Map<string, LinkedResource>
  readonly room: number
  readonly bytes: number
}

type SizedResource = LinkedResource & SizedRow

async function findLinked(
  db: Db,
  { type, by, values, known, room, bytes }: Looking,
  visibility: Visibility,
): Promise<readonly SizedResource[]> {
  const isKnown = (id: string): boolean => known.has(nameOf({ type, id }))
  const wanted = by === 'id' ? values.filter((id) => !isKnown(id)) : values
  if (wanted.length === 0 || !visibility.has(type)) return []
  const parameters: unknown[] = []
  const push = (value: unknown): string => `$${parameters.push(value)}`
  const where =
    by === 'keys'
      ? `r.keys && ${hashedKeys(wanted, push)}`
      : `r.${by} = any(${push(wanted)}::text[])`
  const seen = [...known.values()].filter((one) => one.type === type).map(({ id }) => id)
  const page = `select r.id, r.content, ${LINK_COLUMNS} ${livingRows(type, 'r', { visibility, parameters })}
     and ${where} and r.id <> all(${push(by === 'id' ? [] : seen)}::text[])
     order by r.id limit ${push(room)}`
  const text = withinBytes(page, { orderBy: 'id', bytes: push(bytes) })
  const { rows } = await db.query<Omit<SizedResource, 'type'>>(text, parameters)
  const found = rows.map((row) => ({ type, ...row }))
  for (const one of found) known.set(nameOf(one), one)
  return found
}
