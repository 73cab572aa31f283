/**
 * Signed statements of how far the audit log had come: one JSON line each, ES256 (RFC 7518 section 3.4).
 * Every line names the digest of the one before it, so that a line cannot be taken out of the middle.
 */
import {
  createECDH,
  createHash,
  createPrivateKey,
  createPublicKey,
  sign,
  verify,
  type KeyObject,
} from 'node:crypto'
import { z } from 'zod'

const HEX_SHA256 = z.string().regex(/^[0-9a-f]{64}$/)

const CHECKPOINT = z.strictObject({
  /** Number of events the root covers. */
  size: z.int().min(0),
  /** RFC 6962 root, hexadecimal. */
  root: HEX_SHA256,
  at: z.iso.datetime(),
  /** `lineDigest` of the line before; null for the first. */
  previous: HEX_SHA256.nullable(),
  kid: z.string().max(100),
  /** base64url of r || s. */
  signature: z.string().max(200),
})

export type Checkpoint = Readonly<z.infer<typeof CHECKPOINT>>

export interface CheckpointKey {
  /** JWK thumbprint (RFC 7638). */
  readonly kid: string
  readonly privateKey: KeyObject
  readonly publicKey: KeyObject
}

const P256_ORDER = BigInt('0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551')

/** The key that belongs to a 32-byte secret, the same each time (`sealer.subkey('audit-checkpoint')`). */
export function makeCheckpointKey(secret: Uint8Array): CheckpointKey {
  // Into 1 … n-1 (FIPS 186-5 A.2.1 takes more bits; 2^-32 of bias in a key used for signing only is none).
  const scalar = (BigInt(`0x${Buffer.from(secret).toString('hex')}`) % (P256_ORDER - 1n)) + 1n
  const d = Buffer.from(scalar.toString(16).padStart(64, '0'), 'hex')
  const curve = createECDH('prime256v1')
  curve.setPrivateKey(d)
  const point = curve.getPublicKey()
  const x = point.subarray(1, 33).toString('base64url')
  const y = point.subarray(33).toString('base64url')
  const jwk = { crv: 'P-256', kty: 'EC', x, y }
  return {
    kid: createHash('sha256').update(JSON.stringify(jwk)).digest('base64url'),
    privateKey: createPrivateKey({ format: 'jwk', key: { ...jwk, d: d.toString('base64url') } }),
    publicKey: createPublicKey({ format: 'jwk', key: jwk }),
  }
}

type Statement = Omit<Checkpoint, 'signature'>

export function signCheckpoint(
  statement: Omit<Statement, 'kid'>,
  { kid, privateKey }: CheckpointKey,
): Checkpoint {
  const { size, root, at, previous } = statement
  const signed = { size, root, at, previous, kid }
  const signature = sign('sha256', signedBytes(signed), {
    key: privateKey,
    dsaEncoding: 'ieee-p1363',
  })
  return { ...signed, signature: signature.toString('base64url') }
}

/** False for an unknown key as for a wrong signature. */
export function isSigned(checkpoint: Checkpoint, keys: ReadonlyMap<string, KeyObject>): boolean {
  const key = keys.get(checkpoint.kid)
  if (key === undefined) return false
  const signature = Buffer.from(checkpoint.signature, 'base64url')
  return verify('sha256', signedBytes(checkpoint), { key, dsaEncoding: 'ieee-p1363' }, signature)
}

/** One line of text per member under a heading of its own: no other statement of ours signs alike. */
function signedBytes({ size, root, at, previous, kid }: Statement): Buffer {
  const lines = ['samsyn audit checkpoint 1', String(size), root, at, previous ?? '-', kid]
  return Buffer.from(lines.join('\n'))
}

export function checkpointLine({ signature, ...statement }: Checkpoint): string {
  return JSON.stringify({ ...statement, signature })
}

/** Undefined for a line that is none: one torn by a crash, or written by another hand. */
export function parseCheckpoint(line: string): Checkpoint | undefined {
  try {
    return CHECKPOINT.parse(JSON.parse(line))
  } catch {
    return undefined
  }
}

/** SHA-256 (hex) of the line without its end. */
export function lineDigest(line: string): string {
  return createHash('sha256').update(line).digest('hex')
}
