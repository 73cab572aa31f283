/** Which rows of a type an export is about, beside what may be seen. */
import type { Pool } from 'pg'
import { HubError } from '../kernel/errors.ts'
import { readVisibleResource } from '../storage/visible-resources.ts'
import { survivorsOf } from '../storage/patient-survivors.ts'
import { isJsonObject, listOf, textOf, type JsonObject } from '../wire/fhir/json.ts'
import { parseJsonText } from '../wire/fhir/parse-json.ts'
import { parseSearch } from '../wire/fhir/parse-search.ts'
import type { Condition } from '../wire/fhir/search.ts'
import type { Access } from './authorize.ts'
import type { AskedExport } from './sealed-export.ts'

export interface ScopeDeps {
  readonly pool: Pool
  /** The FHIR base address. */
  readonly base: string
}

/** Conditions on every row, whatever its type: of no patient, of any, or of these. */
export async function patientConditions(
  { pool }: ScopeDeps,
  { level, group, patients }: AskedExport,
  { filter }: Access,
): Promise<readonly Condition[]> {
  if (level === 'system') return []
  const named = patients.length === 0 ? undefined : patients
  const members =
    level === 'group' ? await membersOf(pool, group ?? '', new Map([['Group', filter]])) : undefined
  if (named === undefined && members === undefined)
    return [{ kind: 'present', where: 'patient', code: 'patient' }]
  const sets = [named, members].filter((set) => set !== undefined)
  // What was recorded of a Patient that has been merged is the survivor's.
  return Promise.all(
    sets.map(async (set): Promise<Condition> => ({
      kind: 'patient',
      anyOf: await survivorsOf(pool, set),
    })),
  )
}

/** Throws `not-found` where the Group is gone meanwhile. */
async function membersOf(
  pool: Pool,
  id: string,
  visibility: Parameters<typeof readVisibleResource>[2],
): Promise<readonly string[]> {
  const found = await readVisibleResource(pool, { type: 'Group', id }, visibility)
  const group = parseJsonText(found?.content ?? 'null')
  if (!isJsonObject(group)) throw new HubError('not-found', 'The Group is gone')
  return listOf(group.member).filter(isJsonObject).flatMap(memberOf)
}

function memberOf({ entity, inactive }: JsonObject): readonly string[] {
  const reference = isJsonObject(entity) ? textOf(entity.reference) : undefined
  const id = /^Patient\/([A-Za-z0-9.-]{1,64})$/.exec(reference ?? '')?.[1]
  return id === undefined || inactive === true ? [] : [id]
}

/** Conditions by `_typeFilter`: one of its filters, where the type has some. */
export function filterConditions(
  { base }: ScopeDeps,
  { filters }: AskedExport,
  type: string,
): readonly Condition[] {
  const searches = filters
    .filter((one) => one.type === type)
    .map(({ pairs }) => parseSearch({ type, pairs, strict: false, base }).conditions)
  const [first, ...more] = searches
  if (first === undefined) return []
  return more.length === 0 ? first : [{ kind: 'any', of: searches.map(allOf) }]
}

/** A search wants all of its conditions: as one, none of them fails. */
function allOf(conditions: readonly Condition[]): Condition {
  return { kind: 'not', of: { kind: 'any', of: conditions.map((of) => ({ kind: 'not', of })) } }
}
