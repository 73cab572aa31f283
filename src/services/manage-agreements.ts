/** What two members have agreed to share, where it is not the network's default (access.md section 3, step 4). */
import { listAgreements, putAgreement } from '../storage/agreements.ts'
import { administer, lookAt, type AdministerDeps } from './administer.ts'
import type { Administration } from './administration.ts'
import { requireMember } from './manage-members.ts'

type ManageAgreements = Pick<Administration, 'listAgreements' | 'setAgreement'>

export function makeManageAgreements(deps: AdministerDeps): ManageAgreements {
  return {
    listAgreements: (by) =>
      lookAt(deps, by, { verb: 'agreements-listed' }, () => listAgreements(deps.pool)),
    setAgreement: (request, by) =>
      administer(deps, by, async (db) => {
        const custodian = await requireMember(db, request.custodian)
        const requester = await requireMember(db, request.requester)
        const agreement = {
          ...request,
          custodian: custodian.id,
          requester: requester.id,
        }
        await putAgreement(db, agreement)
        const subject = `agreement with ${requester.id}`
        return { act: { verb: 'agreement-set', member: custodian.id, subject }, result: agreement }
      }),
  }
}
