import assert from 'node:assert/strict'
import { test } from 'node:test'
import { makeOidcRecords, sweepOidcRecords } from '../../src/storage/oidc.ts'
import { createDatabase } from '../support/database.ts'

test('a record is found by each of its names, within its kind', async (t) => {
  const { pool } = await createDatabase(t)
  const sessions = makeOidcRecords(pool)('Session')
  const payload = { uid: 'uid-1', userCode: 'code-1', grantId: 'grant-1', nested: { a: 1 } }
  await sessions.upsert('id-1', payload, 60)
  for (const found of [
    sessions.find('id-1'),
    sessions.findByUid('uid-1'),
    sessions.findByUserCode('code-1'),
  ])
    assert.deepEqual(await found, payload)
  assert.equal(await makeOidcRecords(pool)('Interaction').find('id-1'), undefined)
})

test('a record is replaced, marked as consumed and destroyed', async (t) => {
  const { pool } = await createDatabase(t)
  const codes = makeOidcRecords(pool)('AuthorizationCode')
  await codes.upsert('id-1', { version: 1 }, 60)
  await codes.upsert('id-1', { version: 2 }, 60)
  await codes.consume('id-1')
  const { version, consumed } = (await codes.find('id-1')) ?? {}
  assert.equal(version, 2)
  assert.equal(typeof consumed, 'number')
  await codes.destroy('id-1')
  assert.equal(await codes.find('id-1'), undefined)
})

test('what belongs to a grant ends with it, across kinds', async (t) => {
  const { pool } = await createDatabase(t)
  const records = makeOidcRecords(pool)
  await records('AccessToken').upsert('one', { grantId: 'g' }, 60)
  await records('RefreshToken').upsert('two', { grantId: 'g' }, 60)
  await records('AccessToken').revokeByGrantId('g')
  assert.equal(await records('RefreshToken').find('two'), undefined)
})

test('an expired record is not found, and is swept', async (t) => {
  const { pool } = await createDatabase(t)
  const sessions = makeOidcRecords(pool)('Session')
  await sessions.upsert('gone', {}, -1)
  await sessions.upsert('kept', {})
  assert.equal(await sessions.find('gone'), undefined)
  assert.equal(await sweepOidcRecords(pool, new Date()), 1)
  assert.deepEqual(await sessions.find('kept'), {})
})
