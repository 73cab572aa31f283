/** The keys a caller has of its own: its client's, and the one that its tokens are bound to (DPoP). */
import { generateKeyPairSync } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { HubError } from '../kernel/errors.ts'
import type { OauthIdentity, PrivateJwk } from '../sources/authorization-client.ts'
import { parseClientKey } from '../wire/client-key.ts'
import { readSecret } from './administration.ts'

/** `client` is needed where the file holds the key alone. */
export async function readClientKey(
  file: string,
  client: string | undefined,
): Promise<Pick<OauthIdentity, 'clientId' | 'privateJwk'>> {
  const { clientId: named, privateJwk } = parseClientKey(await readSecret(file))
  const clientId = client ?? named
  if (clientId === undefined)
    throw new HubError('invalid', `Name the client with --client: ${file} holds its key alone`)
  return { clientId, privateJwk }
}

/** Made, for its owner alone, where the file is missing. */
export async function readDpopKey(file: string | undefined): Promise<PrivateJwk | undefined> {
  if (file === undefined) return undefined
  try {
    const key: unknown = JSON.parse(await readFile(file, 'utf8'))
    if (typeof key === 'object' && key !== null) return { ...key }
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return makeKey(file)
  }
  throw new HubError('invalid', `${file} holds no private JWK`)
}

async function makeKey(file: string): Promise<PrivateJwk> {
  const key = newDpopKey()
  await writeFile(file, JSON.stringify(key, null, 2), { mode: 0o600 })
  return key
}

/** ES256. */
export function newDpopKey(): PrivateJwk {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  return { ...privateKey.export({ format: 'jwk' }), alg: 'ES256' }
}
