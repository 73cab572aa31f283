/**
 * Envelope encryption of small secrets (AES-256-GCM, NIST SP 800-38D) and keyed pseudonyms, with one
 * subkey per use derived from the master key (HKDF-SHA-256, RFC 5869).
 */
import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createSecretKey,
  hkdfSync,
  randomBytes,
  type KeyObject,
} from 'node:crypto'

const NONCE = 12
const TAG = 16

export interface Sealer {
  /** `context` is bound to the ciphertext: it opens in the same context only. */
  seal(plaintext: string, context: string): Buffer
  /** Throws where the bytes were altered or sealed in another context. */
  open(sealed: Uint8Array, context: string): string
  /** The same pseudonym for the same value and use, meaningless without the key; base64url, 22 characters. */
  pseudonym(value: string, use: string): string
  /** A 32-byte key of its own for `use`. */
  subkey(use: string): Buffer
}

/** `master` is 32 random bytes (SAMSYN_KEY_FILE). */
export function makeSealer(master: Uint8Array): Sealer {
  const subkey = (use: string): Buffer =>
    Buffer.from(hkdfSync('sha256', master, Buffer.alloc(0), `samsyn/${use}`, 32))
  const sealing = subkey('seal')
  /** Few uses, each with many values. */
  const pseudonymKeys = new Map<string, KeyObject>()

  function pseudonymKey(use: string): KeyObject {
    const known = pseudonymKeys.get(use)
    if (known !== undefined) return known
    const key = createSecretKey(subkey(`pseudonym/${use}`))
    pseudonymKeys.set(use, key)
    return key
  }

  return {
    seal(plaintext, context) {
      const nonce = randomBytes(NONCE)
      const cipher = createCipheriv('aes-256-gcm', sealing, nonce)
      cipher.setAAD(Buffer.from(context))
      const body = Buffer.concat([cipher.update(plaintext, 'utf8'), cipher.final()])
      return Buffer.concat([nonce, cipher.getAuthTag(), body])
    },
    open(sealed, context) {
      const bytes = Buffer.from(sealed.buffer, sealed.byteOffset, sealed.byteLength)
      const decipher = createDecipheriv('aes-256-gcm', sealing, bytes.subarray(0, NONCE))
      decipher.setAAD(Buffer.from(context))
      decipher.setAuthTag(bytes.subarray(NONCE, NONCE + TAG))
      const body = [decipher.update(bytes.subarray(NONCE + TAG)), decipher.final()]
      return Buffer.concat(body).toString('utf8')
    },
    pseudonym(value, use) {
      const mac = createHmac('sha256', pseudonymKey(use)).update(value).digest()
      return mac.subarray(0, 16).toString('base64url')
    },
    subkey,
  }
}
