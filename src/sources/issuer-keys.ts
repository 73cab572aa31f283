/** The signing keys of trusted issuers: found by their metadata, read through the hub's one door out, kept a while. */
import type { Egress } from './egress.ts'
import type { Clock } from '../kernel/clock.ts'
import { HubError } from '../kernel/errors.ts'
import type { IssuerKeys } from '../wire/oauth/foreign-token.ts'
import { readJwks, type JwkSet } from '../wire/oauth/jwks.ts'

export interface IssuerKeysDeps {
  readonly egress: Egress
  readonly clock: Clock
}

/** Milliseconds that keys are taken as read; NHN asks for caching of up to a day (norway.md section 2.1). */
const KEEP = 60 * 60_000
/** A token with a key id that nobody knows makes us read again at most this often. */
const COOL_DOWN = 30_000
/** How old keys may grow while the issuer cannot be reached: one that was withdrawn must not live on. */
const MAX_AGE = 24 * 60 * 60_000
const MAX_DOCUMENT = 256 * 1024

interface Read {
  readonly jwks: JwkSet
  readonly at: number
}

interface Kept {
  /** When it was last asked for, with or without success. */
  readonly askedAt: number
  readonly read: Promise<Read>
}

/** Rejects with `unavailable` where an issuer's keys cannot be read and none younger than a day are kept. */
export function makeIssuerKeys({ egress, clock }: IssuerKeysDeps): IssuerKeys {
  const kept = new Map<string, Kept>()

  async function readAgain(issuer: string, at: number, before: Kept | undefined): Promise<Read> {
    try {
      return { jwks: await readKeys(egress, issuer), at }
    } catch (cause) {
      // Keys that were good a moment ago are better than none while the issuer is away.
      const last = await before?.read.catch(() => undefined)
      if (last !== undefined && at - last.at < MAX_AGE) return last
      throw new HubError('unavailable', 'The keys of the identity provider cannot be read', {
        cause,
      })
    }
  }

  function ask(issuer: string, at: number, before: Kept | undefined): Promise<Read> {
    const fresh = { askedAt: at, read: readAgain(issuer, at, before) }
    kept.set(issuer, fresh)
    fresh.read.catch(() => {
      if (kept.get(issuer) === fresh) kept.delete(issuer)
    })
    return fresh.read
  }

  return async (issuer, renew) => {
    const now = clock().getTime()
    const known = kept.get(issuer)
    const isFresh = known !== undefined && now - known.askedAt < (renew ? COOL_DOWN : KEEP)
    return (await (isFresh ? known.read : ask(issuer, now, known))).jwks
  }
}

async function readKeys(egress: Egress, issuer: string): Promise<JwkSet> {
  const metadata = await readJson(egress, `${issuer}/.well-known/openid-configuration`)
  const { issuer: named, jwks_uri: address } = members(metadata)
  // RFC 8414 section 3.3: metadata that names another issuer is not this one's.
  if (named !== issuer || typeof address !== 'string')
    throw new HubError('source-failed', 'The metadata of the identity provider is not its own')
  if (issuer.startsWith('https:') && !address.startsWith('https:'))
    throw new HubError('source-failed', 'The identity provider publishes its keys without TLS')
  // Whatever host the metadata names, the egress list is asked again.
  const jwks = readJwks(await readJson(egress, address))
  if (jwks === undefined)
    throw new HubError('source-failed', 'The identity provider publishes no JWK Set')
  return jwks
}

async function readJson(egress: Egress, address: string): Promise<unknown> {
  const headers = { accept: 'application/json' }
  const answer = await egress.request({ url: new URL(address), headers })
  if (answer.status !== 200) {
    answer.discard()
    throw new HubError('source-failed', 'The identity provider did not answer as expected')
  }
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of answer.body) {
    bytes += chunk.length
    if (bytes > MAX_DOCUMENT)
      throw new HubError('source-failed', 'The identity provider sent too much')
    chunks.push(chunk)
  }
  return JSON.parse(Buffer.concat(chunks).toString('utf8'))
}

function members(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? { ...value } : {}
}
