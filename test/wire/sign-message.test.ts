import assert from 'node:assert/strict'
import { createHash, createPublicKey, verify } from 'node:crypto'
import { test } from 'node:test'
import { makeSignMessage } from '../../src/wire/sign-message.ts'
import { publicJwks } from '../../src/wire/oauth/jwks.ts'
import { newKey } from '../support/oauth-world.ts'

const AT = new Date('2026-06-01T12:00:00Z')
const MESSAGE = {
  url: new URL('https://receiver.example:8443/hook?a=b'),
  contentType: 'application/fhir+json',
  body: '{"name":"Ødegård"}',
}

test('a message is signed as RFC 9421 says, by a key of the published set', () => {
  const key = newKey()
  const headers = makeSignMessage(key)(MESSAGE, AT)
  const digest = createHash('sha256').update(Buffer.from(MESSAGE.body)).digest('base64')
  assert.equal(headers['content-digest'], `sha-256=:${digest}:`)
  const parameters = (headers['signature-input'] ?? '').replace(/^hub=/, '')
  assert.match(parameters, /;created=1780315200;/)
  const base = [
    '"@method": POST',
    '"@target-uri": https://receiver.example:8443/hook?a=b',
    '"content-type": application/fhir+json',
    `"content-digest": sha-256=:${digest}:`,
    `"@signature-params": ${parameters}`,
  ].join('\n')
  const [published] = publicJwks([key]).keys
  assert.ok(parameters.includes(`keyid="${published?.kid}"`))
  const publicKey = createPublicKey({ key: { ...published }, format: 'jwk' })
  const signature = Buffer.from(/^hub=:(.*):$/.exec(headers.signature ?? '')?.[1] ?? '', 'base64')
  const how = { key: publicKey, dsaEncoding: 'ieee-p1363' } as const
  assert.ok(verify('sha256', Buffer.from(base), how, signature))
  assert.ok(!verify('sha256', Buffer.from(base.replace('POST', 'PUT')), how, signature))
})
