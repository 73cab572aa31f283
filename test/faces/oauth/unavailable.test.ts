import assert from 'node:assert/strict'
import { test } from 'node:test'
import express from 'express'
import { oauthRouter } from '../../../src/faces/oauth/router.ts'
import { HubError } from '../../../src/kernel/errors.ts'
import { makeOidcRecords } from '../../../src/storage/oidc.ts'
import { makeUseProof } from '../../../src/storage/used-proofs.ts'
import { createDatabase } from '../../support/database.ts'
import { listen } from '../../support/listen.ts'
import { silentLog } from '../../support/log.ts'
import { assertionBy, post } from '../../support/oauth-calls.ts'
import { newKey } from '../../support/oauth-world.ts'

test('while access cannot be decided, the token endpoint says so and gives no token', async (t) => {
  const { pool } = await createDatabase(t)
  const stale = () => {
    throw new HubError('unavailable', 'Access cannot be decided: its state is out of date')
  }
  const app = express()
  const url = await listen(t, app)
  app.use(
    oauthRouter({
      issuer: url,
      signingKeys: [newKey()],
      accessState: { client: stale, member: stale },
      useProof: makeUseProof(pool),
      records: makeOidcRecords(pool),
      auditToken: { systemTokenIssued: stale, tokenRefused: stale },
      noteRefusal: stale,
      exchangeToken: stale,
      authenticateClient: stale,
      introspectToken: stale,
      revokeToken: stale,
      clock: () => new Date(),
      log: silentLog,
    }),
  )
  const form = {
    grant_type: 'client_credentials',
    client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    client_assertion: await assertionBy(newKey(), 'client', url),
  }
  for (const endpoint of ['token', 'introspect']) {
    const { status, body } = await post(`${url}/oauth/${endpoint}`, { ...form, token: 'x' })
    assert.equal(status, 503)
    assert.equal(body.error, 'temporarily_unavailable')
  }
})
