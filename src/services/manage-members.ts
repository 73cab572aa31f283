/** Admitting members and ending their access. */
import { randomUUID } from 'node:crypto'
import type { Member } from '../domain/access/network.ts'
import { HubError } from '../kernel/errors.ts'
import type { OrganizationId } from '../kernel/ids.ts'
import { insertMember, listMembers, updateMember } from '../storage/members.ts'
import type { Db } from '../storage/db.ts'
import { revokeGrants } from '../storage/grants.ts'
import { administer, lookAt, type AdministerDeps } from './administer.ts'
import type { Administration } from './administration.ts'
import { putDirectoryEntry } from './directory-entry.ts'

export interface ManageMembersDeps extends AdministerDeps {
  /** Public address of the hub's DICOMweb face. */
  readonly dicomWeb: string
}

type ManageMembers = Pick<
  Administration,
  'addMember' | 'listMembers' | 'findMember' | 'disableMember'
>

export function makeManageMembers(deps: ManageMembersDeps): ManageMembers {
  const { pool, dicomWeb } = deps
  return {
    addMember: (request, by) =>
      administer(deps, by, async (db, at) => {
        const { id, orgnr, name } = request
        const roles = [...new Set(request.roles)]
        const member: Member = { id: id ?? newId(), orgnr, name, roles, active: true }
        await insertMember(db, member, at)
        await putDirectoryEntry(db, member, { method: 'POST', at, dicomWeb })
        return { act: { verb: 'member-added', member: member.id }, result: member }
      }),
    listMembers: (by) => lookAt(deps, by, { verb: 'members-listed' }, () => listMembers(pool)),
    findMember: (id, by) =>
      lookAt(deps, by, { verb: 'member-read', subject: `member ${id}` }, () =>
        requireMember(pool, id),
      ),
    disableMember: (id, by) =>
      administer(deps, by, async (db, at) => {
        const found = await requireMember(db, id)
        const member = { ...found, active: false }
        await updateMember(db, member)
        await putDirectoryEntry(db, member, { method: 'PUT', at, dicomWeb })
        await revokeGrants(db, { kind: 'member', id: member.id }, at)
        return { act: { verb: 'member-disabled', member: member.id }, result: member }
      }),
  }
}

const newId = (): OrganizationId => randomUUID() as OrganizationId

/** By id or organisation number. */
export async function requireMember(db: Db, id: string): Promise<Member> {
  const members = await listMembers(db)
  const member = members.find((one) => one.id === id) ?? members.find(({ orgnr }) => orgnr === id)
  if (member === undefined) throw new HubError('not-found', `There is no member ${id}`)
  return member
}
