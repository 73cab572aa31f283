/** How a command that talks to a hub names its caller, and the way in that it gets. */
import type { Clock } from '../kernel/clock.ts'
import { HubError } from '../kernel/errors.ts'
import { makeHubClient, type HubClient } from '../sources/hub.ts'
import type { DemoFile } from '../wire/demo-file.ts'
import {
  obtainClientToken,
  obtainPersonToken,
  obtainSystemToken,
  type ObtainedToken,
} from './obtain-token.ts'
import { newDpopKey, readClientKey } from './own-key.ts'
import { makeTokenKeeper } from './token-keeper.ts'
import { readDemoFile } from './token.ts'

export type Caller =
  /** A system of the demo; absent: the one that may publish, where there is only one. */
  | { readonly kind: 'client'; readonly id: string | undefined }
  /** A client by its own key, from the file that `client add` printed; `id` where that does not say it. */
  | { readonly kind: 'key'; readonly file: string; readonly id: string | undefined }
  /** A person of the demo, with an attest for one patient. */
  | {
      readonly kind: 'person'
      readonly username: string
      readonly patient: string
      readonly purpose: string
      readonly studies: readonly string[]
    }
  /** An access token from elsewhere, used as it is. */
  | { readonly kind: 'token'; readonly token: string }

/** `hub` is its public address; absent: the configuration's or the demo's. */
export type OpenHub = (caller: Caller, hub: string | undefined) => Promise<HubClient>

export interface HubAccess {
  readonly openHub: OpenHub
}

export interface HubAccessDeps {
  /** Asked when a command runs. */
  readonly settings: () => { readonly dataDir: string; readonly baseUrl: string }
  readonly clock: Clock
}

export function makeHubAccess({ settings, clock }: HubAccessDeps): HubAccess {
  return {
    async openHub(caller, hub) {
      const { dataDir, baseUrl } = settings()
      if (caller.kind === 'token') {
        const headers = { authorization: `Bearer ${caller.token}` }
        return makeHubClient({ url: hub ?? baseUrl, authorize: async () => headers })
      }
      if (caller.kind === 'key') {
        const url = hub ?? baseUrl
        // Bound to a key of this process alone: the token is of no use to who reads it on its way.
        const identity = { ...(await readClientKey(caller.file, caller.id)), dpopJwk: newDpopKey() }
        const authorize = makeTokenKeeper(() => obtainClientToken(url, identity), clock)
        return makeHubClient({ url, authorize })
      }
      const demo = await readDemoFile(dataDir)
      const authorize = makeTokenKeeper(() => obtain(demo, caller), clock)
      return makeHubClient({ url: hub ?? demo.hub, authorize })
    },
  }
}

async function obtain(
  demo: DemoFile,
  caller: Exclude<Caller, { kind: 'token' | 'key' }>,
): Promise<ObtainedToken> {
  if (caller.kind === 'person') return obtainPersonToken(demo, caller)
  return obtainSystemToken(demo, { clientId: caller.id ?? onlyPublisher(demo) })
}

function onlyPublisher({ clients }: DemoFile): string {
  const publishers = clients.filter(({ scope }) => scope.split(' ').includes('samsyn:publish'))
  const [only, ...others] = publishers.map(({ client_id: id }) => id)
  if (only !== undefined && others.length === 0) return only
  const known = publishers.map(({ client_id: id }) => id).join(', ')
  throw new HubError('invalid', `Name the publishing client with --client: ${known}`)
}
