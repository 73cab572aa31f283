/** What an export may show at this moment: the decision of each search of that client, taken again and again. */
import { actionsOf } from '../domain/access/scopes.ts'
import type { Action, Principal } from '../domain/access/principal.ts'
import type { AccessFilter } from '../domain/access/filter.ts'
import { isHubError } from '../kernel/errors.ts'
import type { StoredExport } from '../storage/exports.ts'
import type { Visibility } from '../storage/visibility-sql.ts'
import type { AccessState } from './access-state.ts'
import type { Access, Authorize } from './authorize.ts'
import { SERVED_TYPES } from './served-types-table.ts'

export type ExportStanding =
  | { readonly ended: false; readonly access: Access; readonly visibility: Visibility }
  /** Client, member or grant is gone, or no longer has what the export needs. */
  | { readonly ended: true }

type Held = Pick<StoredExport, 'id' | 'client' | 'member' | 'grant' | 'actions' | 'types'>

/** Throws `unavailable` where access cannot be decided now. */
export type JudgeExport = (held: Held) => Promise<ExportStanding>

export interface JudgeExportDeps {
  readonly authorize: Authorize
  readonly state: Pick<AccessState, 'client'>
}

export function makeJudgeExport({ authorize, state }: JudgeExportDeps): JudgeExport {
  return async (held) => {
    // The token is long gone: what it covered holds no longer than the client's registration says so.
    const registered = actionsOf(state.client(held.client)?.scope ?? '')
    const principal = exporterOf(held, registered)
    try {
      const access = await authorize(principal, 'export')
      const visibility = await visibilityOf(authorize, principal)
      if (held.types.some((type) => !visibility.has(type))) return { ended: true }
      return { ended: false, access, visibility }
    } catch (error) {
      if (isEnded(error)) return { ended: true }
      throw error
    }
  }
}

/** Whoever began the export, with what both the token and the registration cover. */
export function exporterOf(
  { id, client, member, grant, actions }: Omit<Held, 'types'>,
  registered: ReadonlySet<Action>,
): Principal {
  const covered = actions.filter((action) => registered.has(action))
  return {
    ...{ client, member, actions: new Set(covered), tokenId: `export/${id}` },
    ...(grant !== undefined && { grant }),
  }
}

/** Every type that the principal may see, for what is exported and for what a filter passes through. */
export async function visibilityOf(
  authorize: Authorize,
  principal: Principal,
): Promise<Visibility> {
  const filters = new Map<Action, AccessFilter>()
  for (const action of new Set(Object.values(SERVED_TYPES).map(({ sees }) => sees))) {
    const filter = principal.actions.has(action) && (await filterOf(authorize, principal, action))
    if (filter) filters.set(action, filter)
  }
  return new Map(
    Object.entries(SERVED_TYPES).flatMap(([type, { sees }]) => {
      const filter = filters.get(sees)
      return filter === undefined ? [] : [[type, filter] as const]
    }),
  )
}

async function filterOf(
  authorize: Authorize,
  principal: Principal,
  action: Action,
): Promise<AccessFilter | undefined> {
  try {
    return (await authorize(principal, action)).filter
  } catch (error) {
    if (isHubError(error, 'insufficient-scope') || isHubError(error, 'forbidden')) return undefined
    throw error
  }
}

const ENDED: ReadonlySet<string> = new Set(['unauthenticated', 'forbidden', 'insufficient-scope'])

function isEnded(error: unknown): boolean {
  return isHubError(error) && ENDED.has(error.code)
}
