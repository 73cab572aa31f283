/**
 * The hub's own keys in one file (SAMSYN_KEY_FILE): the master key, from which encryption, pseudonyms and
 * audit checkpoints get keys of their own, and the ES256 keys that sign tokens (the first signs, all are
 * published).
 */
import { generateKeyPairSync, randomBytes, type JsonWebKey } from 'node:crypto'
import fs from 'node:fs/promises'
import path from 'node:path'
import { HubError } from '../kernel/errors.ts'
import { makeDataFolder } from './private-folder.ts'

export interface SigningJwk extends JsonWebKey {
  readonly kid: string
  readonly alg: 'ES256'
  readonly use: 'sig'
}

export interface Keys {
  readonly master: Buffer
  /** The first one signs; the others are still good for what they have signed. */
  readonly signing: readonly [SigningJwk, ...SigningJwk[]]
}

/** Reads the file; makes it, readable by its owner alone, where it is absent and may be made. */
export async function loadKeys(file: string, mayCreate: boolean): Promise<Keys> {
  const text = await fs.readFile(file, 'utf8').catch((error: unknown) => {
    const isAbsent = hasCode(error, 'ENOENT')
    if (mayCreate && isAbsent) return ''
    const problem = isAbsent
      ? `There is no key file ${file}: restore it, or make a first one with \`samsyn keys create\``
      : `The key file ${file} cannot be read`
    throw new HubError('invalid', problem, { cause: error })
  })
  if (text !== '') return parse(file, text)
  // Another node may have made it a moment before: its keys are as good.
  await createKeys(file)
  return loadKeys(file, false)
}

/**
 * Makes new keys, readable by their owner alone; resolves false, with nothing changed, where the file is
 * there already. Written aside, fsynced and linked into place: two nodes starting at once agree on one file.
 */
export async function createKeys(file: string): Promise<boolean> {
  await makeDataFolder(path.dirname(file))
  const draft = `${file}.${randomBytes(6).toString('hex')}`
  const keys = {
    version: 1,
    master: randomBytes(32).toString('base64'),
    signing: [newKey()],
  }
  const handle = await fs.open(draft, 'wx', 0o600)
  try {
    await handle.writeFile(JSON.stringify(keys, null, 2))
    await handle.sync()
  } finally {
    await handle.close()
  }
  try {
    await fs.link(draft, file)
    await syncFolder(path.dirname(file))
    return true
  } catch (error) {
    if (!hasCode(error, 'EEXIST')) throw error
    return false
  } finally {
    await fs.rm(draft)
  }
}

/** The name of a file is durable only when its folder is. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await fs.open(folder)
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code
}

function newKey(): SigningJwk {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const kid = randomBytes(9).toString('base64url')
  return { ...privateKey.export({ format: 'jwk' }), kid, alg: 'ES256', use: 'sig' }
}

function parse(file: string, text: string): Keys {
  const bad = (): HubError => new HubError('invalid', `The key file ${file} is damaged`)
  let content: unknown
  try {
    content = JSON.parse(text)
  } catch {
    throw bad()
  }
  if (!isKeyFile(content)) throw bad()
  const master = Buffer.from(content.master, 'base64')
  if (master.length !== 32) throw bad()
  return { master, signing: content.signing }
}

interface KeyFile {
  readonly master: string
  /** The first one signs; the others are still good for what they have signed. */
  readonly signing: readonly [SigningJwk, ...SigningJwk[]]
}

function isKeyFile(value: unknown): value is KeyFile {
  if (typeof value !== 'object' || value === null) return false
  const { master, signing } = value as Partial<Record<keyof KeyFile, unknown>>
  const signs = Array.isArray(signing) && signing.length > 0 && signing.every(isSigningJwk)
  return typeof master === 'string' && signs
}

function isSigningJwk(value: unknown): value is SigningJwk {
  if (typeof value !== 'object' || value === null) return false
  const { kid, kty, crv, d } = value as Partial<Record<string, unknown>>
  return typeof kid === 'string' && kty === 'EC' && crv === 'P-256' && typeof d === 'string'
}
