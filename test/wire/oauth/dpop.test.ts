import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decodeProtectedHeader, SignJWT } from 'jose'
import { isHubError } from '../../../src/kernel/errors.ts'
import { makeVerifyDpopProof } from '../../../src/wire/oauth/dpop.ts'
import { now, proof, thumbprint } from '../../support/oauth-calls.ts'
import { newKey } from '../../support/oauth-world.ts'

const url = 'https://hub.example/fhir/Patient'
const invalid = (error: unknown): boolean => isHubError(error, 'unauthenticated')

test('a key that was seen before is told by its thumbprint as it was the first time', async () => {
  const verify = makeVerifyDpopProof()
  const key = newKey()
  const seen: string[] = []
  for (const _turn of [1, 2]) {
    const made = await proof(key, { htu: url, htm: 'GET' })
    seen.push((await verify({ proof: made, method: 'GET', url }, new Date())).thumbprint)
  }
  assert.deepEqual(seen, [await thumbprint(key), await thumbprint(key)])
})

test('a key that was seen before vouches for nothing that another key has signed', async () => {
  const verify = makeVerifyDpopProof()
  const [key, thief] = [newKey(), newKey()]
  const made = await proof(key, { htu: url, htm: 'GET' })
  await verify({ proof: made, method: 'GET', url }, new Date())

  const header = { ...decodeProtectedHeader(made), alg: 'ES256' }
  const claims = { htm: 'GET', htu: url, iat: now(), jti: 'forged' }
  const privateKey = await crypto.subtle.importKey(
    'jwk',
    thief,
    { name: 'ECDSA', namedCurve: 'P-256' },
    false,
    ['sign'],
  )
  const forged = await new SignJWT(claims).setProtectedHeader(header).sign(privateKey)
  assert.equal(forged.split('.', 1)[0], made.split('.', 1)[0])
  await assert.rejects(verify({ proof: forged, method: 'GET', url }, new Date()), invalid)
})
