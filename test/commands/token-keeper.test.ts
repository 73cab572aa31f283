import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ObtainedToken } from '../../src/commands/obtain-token.ts'
import { makeTokenKeeper } from '../../src/commands/token-keeper.ts'

const REQUEST = { method: 'GET', url: 'http://localhost/fhir/Patient' }

function tokens(): { readonly obtain: () => Promise<ObtainedToken>; readonly count: () => number } {
  let made = 0
  return {
    obtain: async () => {
      made += 1
      const name = `token-${made}`
      return {
        token: {
          accessToken: name,
          tokenType: 'bearer',
          expiresIn: 300,
          scope: undefined,
          authorizationDetails: undefined,
        },
        authorize: async () => ({ authorization: `Bearer ${name}` }),
      }
    },
    count: () => made,
  }
}

void test('one token serves many requests, also those that come while it is asked for', async () => {
  const { obtain, count } = tokens()
  const authorize = makeTokenKeeper(obtain, () => new Date(0))
  const headers = await Promise.all([authorize(REQUEST), authorize(REQUEST)])
  assert.deepEqual(headers, [
    { authorization: 'Bearer token-1' },
    { authorization: 'Bearer token-1' },
  ])
  assert.equal(count(), 1)
})

void test('a token is renewed before it ends', async () => {
  const { obtain } = tokens()
  let now = 0
  const authorize = makeTokenKeeper(obtain, () => new Date(now))
  await authorize(REQUEST)
  now = 279_000
  assert.deepEqual(await authorize(REQUEST), { authorization: 'Bearer token-1' })
  now = 281_000
  assert.deepEqual(await authorize(REQUEST), { authorization: 'Bearer token-2' })
})

void test('a token that could not be had is asked for again', async () => {
  const { obtain } = tokens()
  let fails = true
  const authorize = makeTokenKeeper(
    async () => {
      if (fails) throw new Error('the server is away')
      return obtain()
    },
    () => new Date(0),
  )
  await assert.rejects(authorize(REQUEST), /the server is away/)
  fails = false
  assert.deepEqual(await authorize(REQUEST), { authorization: 'Bearer token-1' })
})
