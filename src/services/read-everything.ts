/** A patient and all that is known of the patient, page by page (R4 operation-patient-everything). */
import type { Principal } from '../domain/access/principal.ts'
import type { Clock } from '../kernel/clock.ts'
import type { Db } from '../storage/db.ts'
import { searchResources, type FoundPage, type Position } from '../storage/resource-search.ts'
import { bytesOf, PAGE_BYTES } from '../storage/sized-rows.ts'
import { readVisibleResource, type VisibleResource } from '../storage/visible-resources.ts'
import type { Visibility } from '../storage/visibility-sql.ts'
import type { EverythingQuestion } from '../wire/fhir/everything-request.ts'
import { forwardInclusions } from '../wire/fhir/parse-inclusion.ts'
import { PATIENT_COMPARTMENT } from '../wire/fhir/patient-compartment-table.ts'
import type { Condition, Inclusion, Search } from '../wire/fhir/search.ts'
import { accessRecord } from './access-record.ts'
import type { DecideSight } from './decide-sight.ts'
import { requireThere } from './read-resource.ts'
import type { RecordAudit, RequestContext } from './record-audit.ts'

/** Who sent, wrote and keeps it: what makes the rest readable. */
const DIRECTORY = ['Organization', 'Practitioner', 'PractitionerRole', 'Endpoint'] as const

/** Types that `_type` may name. */
export const EVERYTHING_TYPES: readonly string[] = [...PATIENT_COMPARTMENT, ...DIRECTORY]

export interface EverythingRequest {
  readonly patient: string
  readonly question: EverythingQuestion
  readonly after?: Position | undefined
  /** The request as the log shows it. */
  readonly query: string
}

export type EverythingPage = Pick<FoundPage, 'matches' | 'included' | 'next'>

/** Throws `not-found` or `gone` for a patient that is not there, or not to see, and what the decision throws. */
export type ReadEverything = (
  principal: Principal,
  request: EverythingRequest,
  context: RequestContext,
) => Promise<EverythingPage>

export interface ReadEverythingDeps {
  readonly db: Db
  readonly decideSight: DecideSight
  readonly recordAudit: RecordAudit
  readonly clock: Clock
}

export function makeReadEverything(deps: ReadEverythingDeps): ReadEverything {
  return async (principal, request, context) => {
    const { query, patient } = request
    const wanted = { type: 'Patient', along: EVERYTHING_TYPES, query }
    const { access, visibility } = await deps.decideSight(principal, wanted, context)
    const found = await readVisibleResource(deps.db, { type: 'Patient', id: patient }, visibility)
    const isThere = typeof found?.content === 'string'
    const page = isThere ? await findPage(deps.db, { ...request, found, visibility }) : undefined
    const entities = [{ kind: 'query', query }] as const
    const outcome = isThere ? ({ outcome: '0' } as const) : NOTHING_READ
    const act = { act: 'operation', at: deps.clock(), entities, ...outcome } as const
    await deps.recordAudit(accessRecord(access, act, context))
    requireThere('Patient', found)
    return page ?? { matches: [], included: [] }
  }
}

const NOTHING_READ = { outcome: '4', reason: 'not-found' } as const

interface Finding extends EverythingRequest {
  readonly found: VisibleResource
  readonly visibility: Visibility
}

/** Type after type until the page is full, in rows or in bytes. A place is a type and the place within it. */
async function findPage(db: Db, finding: Finding): Promise<EverythingPage> {
  const { question, after, visibility } = finding
  const [from, ...within] = after ?? []
  const types = typesOf(question).filter((type) => visibility.has(type))
  const matches: FoundPage['matches'][number][] = []
  const included = new Map<string, FoundPage['included'][number]>()
  for (const type of types.slice(Math.max(0, types.indexOf(from ?? '')))) {
    const count = question.count - matches.length
    const isFull = bytesOf([...matches, ...included.values()]) >= PAGE_BYTES
    if (count === 0 || isFull) return { matches, included: [...included.values()], next: [type] }
    const search = searchOf(finding, type, count)
    const start = type === from && within.length > 0 ? within : undefined
    const page = await searchResources(db, { search, visibility, after: start })
    matches.push(...page.matches)
    for (const one of page.included) included.set(`${one.type}/${one.id}`, one)
    if (page.next !== undefined)
      return { matches, included: [...included.values()], next: [type, ...page.next] }
  }
  return { matches, included: [...included.values()] }
}

function typesOf({ types }: EverythingQuestion): readonly string[] {
  const asked = new Set(types)
  return PATIENT_COMPARTMENT.filter((type) => asked.size === 0 || asked.has(type))
}

function searchOf({ found, patient, question }: Finding, type: string, count: number): Search {
  // What was recorded of a Patient that has been merged is the survivor's.
  const ids = [...new Set([patient, found.patient ?? patient])]
  const whose: Condition =
    type === 'Patient' ? { kind: 'id', anyOf: ids } : { kind: 'patient', anyOf: ids }
  return {
    ...{ type, count, conditions: [whose, ...timeConditions(type, question)] },
    ...{ sort: [], total: 'none', countOnly: false, confidential: false },
    ...{ include: inclusionsOf(type, question), revinclude: [], understood: [], ignored: [] },
  }
}

/** Care has dates, persons have not: whoever asks for a time wants to know whose it is all the same. */
function timeConditions(
  type: string,
  { start, end, since }: EverythingQuestion,
): readonly Condition[] {
  const conditions: Condition[] = []
  if (since !== undefined)
    conditions.push({
      kind: 'date',
      place: { in: 'last-updated' },
      anyOf: [{ prefix: 'gt', value: since }],
    })
  if (type === 'Patient') return conditions
  if (start !== undefined) conditions.push(datedOrUndated({ prefix: 'ge', value: start }))
  if (end !== undefined) conditions.push(datedOrUndated({ prefix: 'le', value: end }))
  return conditions
}

type DateTest = Extract<Condition, { readonly kind: 'date' }>['anyOf'][number]

function datedOrUndated(test: DateTest): Condition {
  return {
    kind: 'any',
    of: [
      { kind: 'date', place: { in: 'clinical-date' }, anyOf: [test] },
      { kind: 'not', of: { kind: 'present', where: 'clinical-date', code: 'date' } },
    ],
  }
}

function inclusionsOf(type: string, { types }: EverythingQuestion): readonly Inclusion[] {
  const wanted = new Set<string>(
    DIRECTORY.filter((one) => types.length === 0 || types.includes(one)),
  )
  return forwardInclusions({ text: '*', type, iterate: false })
    .map((one) => ({ ...one, targets: one.targets.filter((target) => wanted.has(target)) }))
    .filter(({ targets }) => targets.length > 0)
}
