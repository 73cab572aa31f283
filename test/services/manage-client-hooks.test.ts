import assert from 'node:assert/strict'
import { test } from 'node:test'
import { makeManageClientHooks } from '../../src/services/manage-client-hooks.ts'
import { CLIENT, CONTEXT, startAccess } from '../support/access-services.ts'

const BY = { context: CONTEXT }

test('hosts are registered, listed and removed, each act in the log', async (t) => {
  const access = await startAccess(t)
  const hooks = makeManageClientHooks(access)
  await hooks.addClientHook(CLIENT, 'Receiver.example', BY)
  assert.deepEqual(await hooks.addClientHook(CLIENT, '127.0.0.1:8080', BY), [
    '127.0.0.1:8080',
    'receiver.example:443',
  ])
  assert.deepEqual(await hooks.removeClientHook(CLIENT, 'receiver.example:443', BY), [
    '127.0.0.1:8080',
  ])
  assert.deepEqual(await hooks.listClientHooks(CLIENT, BY), ['127.0.0.1:8080'])
  assert.deepEqual(
    access.audited.map(({ reason }) => reason),
    ['client-hook-added', 'client-hook-added', 'client-hook-removed', 'client-hooks-listed'],
  )
})

test('what is no host, not registered, or of nobody is refused', async (t) => {
  const hooks = makeManageClientHooks(await startAccess(t))
  for (const host of ['https://receiver.example', 'a b', 'user@host', ''])
    await assert.rejects(hooks.addClientHook(CLIENT, host, BY), { code: 'invalid' }, host)
  await assert.rejects(hooks.removeClientHook(CLIENT, 'a:1', BY), { code: 'not-found' })
  await assert.rejects(hooks.addClientHook('nobody', 'a:1', BY), { code: 'not-found' })
})
