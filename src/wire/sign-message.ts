/**
 * Signatures of the hub's outgoing messages: HTTP Message Signatures (RFC 9421) over method, address, media type
 * and digest of the exact bytes (RFC 9530), by a key that the hub publishes in its JWK Set. The signature
 * holds for one message at one address and one time, unlike one over the body alone.
 */
import { createHash, createPrivateKey, sign, type JsonWebKey } from 'node:crypto'

export interface SignedMessage {
  readonly url: URL
  readonly contentType: string
  /** As it is sent, in UTF-8. */
  readonly body: string
}

/** Header fields to send with a POST of the message. */
export type SignMessage = (message: SignedMessage, at: Date) => Readonly<Record<string, string>>

export interface MessageKey extends JsonWebKey {
  readonly kid: string
}

const COMPONENTS = '("@method" "@target-uri" "content-type" "content-digest")'

/** `jwk` is a private P-256 key. */
export function makeSignMessage(jwk: MessageKey): SignMessage {
  const key = createPrivateKey({ key: { ...jwk }, format: 'jwk' })
  return ({ url, contentType, body }, at) => {
    const digest = `sha-256=:${createHash('sha256').update(body).digest('base64')}:`
    const created = Math.floor(at.getTime() / 1000)
    const parameters = `${COMPONENTS};created=${created};keyid="${jwk.kid}";alg="ecdsa-p256-sha256";tag="fhir-notification"`
    const lines = [
      '"@method": POST',
      `"@target-uri": ${url.href}`,
      `"content-type": ${contentType}`,
      `"content-digest": ${digest}`,
      `"@signature-params": ${parameters}`,
    ]
    // RFC 9421 section 3.3.4: r and s side by side, not DER.
    const made = sign('sha256', Buffer.from(lines.join('\n')), { key, dsaEncoding: 'ieee-p1363' })
    return {
      'content-type': contentType,
      'content-digest': digest,
      'signature-input': `hub=${parameters}`,
      signature: `hub=:${made.toString('base64')}:`,
    }
  }
}
