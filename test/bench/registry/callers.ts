/** Who asks: with a token at the hub, and as what that token says at the services behind it. */
import { decodeJwt } from 'jose'
import { actionsOf } from '../../../src/domain/access/scopes.ts'
import type { ClientId, GrantId, OrganizationId } from '../../../src/kernel/ids.ts'
import type { LoadedPatient } from '../../support/load-studies.ts'
import type { ServiceCaller } from '../../support/service-callers.ts'

export interface Caller {
  /** `x-caller` at the services and the bare peer. */
  readonly key: string
  readonly token: string
  readonly principal: ServiceCaller
  /** Whom the token is for. */
  readonly patient?: LoadedPatient | undefined
}

export function careCaller(token: string, patient: LoadedPatient): Caller {
  return { key: patient.id, token, principal: principalOf(token, 'care'), patient }
}

export function systemCaller(token: string): Caller {
  return { key: 'archive', token, principal: principalOf(token, 'images-1') }
}

function principalOf(token: string, member: string): ServiceCaller {
  const { client_id: client, jti, scope, grant } = decodeJwt(token)
  return {
    client: String(client) as ClientId,
    member: member as OrganizationId,
    ...(typeof grant === 'string' && { grant: grant as GrantId }),
    actions: [...actionsOf(String(scope))],
    tokenId: String(jti),
  }
}
