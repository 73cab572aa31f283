/** All of an operator's verbs, put together from the rooms that keep them. */
import type { Administration } from './administration.ts'
import { makeListUnclearIdentities } from './list-unclear-identities.ts'
import { makeManageAgreements } from './manage-agreements.ts'
import { makeManageAuthorities } from './manage-authorities.ts'
import { makeManageClientHooks } from './manage-client-hooks.ts'
import { makeManageClients } from './manage-clients.ts'
import { makeManageHl7Senders } from './manage-hl7-senders.ts'
import { makeManageMembers, type ManageMembersDeps } from './manage-members.ts'
import { makeManageSources, type ManageSourcesDeps } from './manage-sources.ts'
import { makeResolveIdentity, type ResolveIdentityDeps } from './resolve-identity.ts'

export interface AdministrationDeps
  extends ManageMembersDeps, ManageSourcesDeps, ResolveIdentityDeps {
  readonly syncSource: Administration['syncSource']
}

export function makeAdministration(deps: AdministrationDeps): Administration {
  return {
    ...makeManageMembers(deps),
    ...makeManageClients(deps),
    ...makeManageClientHooks(deps),
    ...makeManageAgreements(deps),
    ...makeManageAuthorities(deps),
    ...makeManageHl7Senders(deps),
    ...makeManageSources(deps),
    syncSource: deps.syncSource,
    listUnclearIdentities: makeListUnclearIdentities(deps),
    resolveIdentity: makeResolveIdentity(deps),
  }
}
