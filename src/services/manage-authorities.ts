/** Which member speaks for the identifiers of a system: one for each, by an operator's word. */
import { HubError } from '../kernel/errors.ts'
import {
  insertAuthority,
  listAuthorities,
  removeAuthority,
} from '../storage/assigning-authorities.ts'
import { administer, lookAt, type AdministerDeps } from './administer.ts'
import type { Administration } from './administration.ts'
import { requireMember } from './manage-members.ts'

type ManageAuthorities = Pick<
  Administration,
  'listAuthorities' | 'addAuthority' | 'removeAuthority'
>

export function makeManageAuthorities(deps: AdministerDeps): ManageAuthorities {
  return {
    listAuthorities: (by) =>
      lookAt(deps, by, { verb: 'authorities-listed' }, () => listAuthorities(deps.pool)),
    addAuthority: (request, by) =>
      administer(deps, by, async (db, at) => {
        const { id: member } = await requireMember(db, request.member)
        const authority = { ...request, member }
        await insertAuthority(db, authority, at)
        return {
          act: { verb: 'authority-added', member, subject: request.system },
          result: authority,
        }
      }),
    removeAuthority: (system, by) =>
      administer(deps, by, async (db) => {
        const member = await removeAuthority(db, system)
        if (member === undefined) throw new HubError('not-found', 'Nobody speaks for this system')
        return { act: { verb: 'authority-removed', member, subject: system }, result: undefined }
      }),
  }
}
