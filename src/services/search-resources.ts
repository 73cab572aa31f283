/** Searching the registry: decide, look among what may be seen, audit, and only then answer. */
import type { Principal } from '../domain/access/principal.ts'
import { HubError, isHubError } from '../kernel/errors.ts'
import type { Db } from '../storage/db.ts'
import { searchResources, type FoundPage, type Position } from '../storage/resource-search.ts'
import type { Condition, Search } from '../wire/fhir/search.ts'
import { identificationOf, type Identification } from '../wire/fhir/identification.ts'
import { accessRecord } from './access-record.ts'
import { auditVisibility } from './audit-visibility.ts'
import type { DecideSight, Sight } from './decide-sight.ts'
import { makeIdentifyPatient, type IdentifyPatientDeps } from './identify-patient.ts'
import type { RequestContext } from './record-audit.ts'
import { searchAuditLog } from './search-audit-log.ts'

export type { FoundPage, Position }

export interface SearchRequest {
  readonly search: Search
  readonly after?: Position | undefined
  /** The query as the audit shows it: identifiers masked. */
  readonly query: string
  /** Whether what was asked stands in no URL. */
  readonly hidden: boolean
}

export type SearchResources = (
  principal: Principal,
  request: SearchRequest,
  context: RequestContext,
) => Promise<FoundPage>

export interface SearchResourcesDeps extends IdentifyPatientDeps {
  readonly decideSight: DecideSight
}

/** Throws what the decision throws; a caller who may see nothing gets an empty page. */
export function makeSearchResources(deps: SearchResourcesDeps): SearchResources {
  const identifyPatient = makeIdentifyPatient(deps)
  return async (principal, request, context) => {
    const { search, after, query } = request
    const asked = `${search.type}?${query}`
    const identification = mayIdentify(principal) ? identificationIn(request) : undefined
    if (identification !== undefined)
      return identifyPatient(
        principal,
        { identification, query: asked, count: search.count },
        context,
      )
    const along = typesAlong(search)
    const wanted = { type: search.type, along, query: asked }
    const sight = await deps
      .decideSight(principal, wanted, context)
      .catch((error: unknown) => refuse(error, principal, search))
    const page = await findPage(deps.db, { principal, search, after, sight })
    const entities = [{ kind: 'query', query: asked }] as const
    const act = { act: 'search', at: deps.clock(), outcome: '0', entities } as const
    await deps.recordAudit(accessRecord(sight.access, act, context))
    return page
  }
}

export interface PageQuestion {
  readonly principal: Principal
  readonly search: Search
  readonly after?: Position | undefined
  readonly sight: Sight
}

/** For a caller whose sight has been decided on, `typesAlong` among it; the log is not told. */
export function findPage(
  db: Db,
  { principal, search, after, sight }: PageQuestion,
): Promise<FoundPage> {
  if (search.type !== 'AuditEvent')
    return searchResources(db, { search, after, visibility: sight.visibility })
  return searchAuditLog(db, { search, after, visible: auditVisibility(sight, principal) })
}

/** Finding the person comes before the grant, which names that person. */
function mayIdentify({ actions, grant }: Principal): boolean {
  return actions.has('identify') && grant === undefined
}

/** Who may find one person and no more is told how. */
function refuse(error: unknown, principal: Principal, { type }: Search): never {
  const isRefusal = isHubError(error, 'insufficient-scope') || isHubError(error, 'forbidden')
  if (type !== 'Patient' || !isRefusal || !mayIdentify(principal)) throw error
  const text =
    'This token finds one person at a time: POST to Patient/_search a national id as system|value, ' +
    'or family, given and birthdate, and nothing else'
  throw new HubError(error.code, text, { reason: error.reason ?? error.code, cause: error })
}

function identificationIn({ search, hidden }: SearchRequest): Identification | undefined {
  return search.type === 'Patient' && hidden ? identificationOf(search.understood) : undefined
}

/** Types that a search leads to beside its own: what it includes, and what it asks of others. */
export function typesAlong({ include, revinclude, conditions }: Search): readonly string[] {
  return [
    ...include.flatMap(({ targets }) => targets),
    ...revinclude.map(({ type }) => type),
    ...conditions.flatMap(typesOf),
  ]
}

function typesOf(condition: Condition): readonly string[] {
  switch (condition.kind) {
    case 'chain':
      return [condition.target, ...condition.of.flatMap(typesOf)]
    case 'has':
      return [condition.source, ...condition.of.flatMap(typesOf)]
    case 'any':
      return condition.of.flatMap(typesOf)
    case 'not':
      return typesOf(condition.of)
    default:
      return []
  }
}
