/** Where the library finds what it asks for: clients in the access state, proofs in the replay cache. */
import { errors, Provider, type Adapter, type AdapterFactory } from 'oidc-provider'
import { clientMetadata } from './client-metadata.ts'
import { inProviderTerms } from './provider-error.ts'
import type { AccessState } from '../../services/access-state.ts'
import type { ClientId } from '../../kernel/ids.ts'

export interface ProviderStorageDeps {
  readonly accessState: Pick<AccessState, 'client' | 'member'>
  /** Resolves true the first time an id is seen (`storage/used-proofs.ts`). */
  readonly useProof: (id: string, expiresAt: Date) => Promise<boolean>
  /** Everything else the library keeps (`storage/oidc.ts`). */
  readonly records: AdapterFactory
  readonly clock: () => Date
}

/** Requests whose next proof to be remembered is the client assertion; any other is a DPoP proof. */
type PendingAssertions = WeakSet<object>

/** Requests whose client assertion has held, and was not used before. */
export type ProvenClients = WeakSet<object>

export interface Assertions {
  readonly pending: PendingAssertions
  readonly proven: ProvenClients
}

export function providerStorage(deps: ProviderStorageDeps, assertions: Assertions): AdapterFactory {
  return (kind) => {
    const records = deps.records(kind)
    if (kind === 'Client') return { ...records, ...clients(deps) }
    if (kind === 'ReplayDetection') return { ...records, ...usedProofs(deps, assertions) }
    return records
  }
}

/** A client exists while it and its member are active. */
function clients({ accessState }: ProviderStorageDeps): Pick<Adapter, 'find'> {
  return {
    find: (id) =>
      inProviderTerms(() => {
        const client = accessState.client(id as ClientId)
        if (client?.active !== true) return undefined
        if (accessState.member(client.member)?.active !== true) return undefined
        return clientMetadata(client)
      }),
  }
}

/**
 * The library looks a proof up and then stores it, which two requests at once would both pass. Here the
 * storing alone decides: one insert wins.
 */
function usedProofs(
  { useProof, clock }: ProviderStorageDeps,
  { pending, proven }: Assertions,
): Pick<Adapter, 'find' | 'upsert'> {
  return {
    find: async () => undefined,
    upsert: async (id, _payload, expiresIn = 0) => {
      const { ctx } = Provider
      const isAssertion = ctx !== undefined && pending.delete(ctx)
      const first = await useProof(id, new Date(clock().getTime() + expiresIn * 1000))
      if (first && isAssertion) proven.add(ctx)
      if (first) return
      if (isAssertion) throw new errors.InvalidClientAuth('the client assertion was used before')
      throw new errors.InvalidDpopProof('The DPoP proof has been used before')
    },
  }
}
