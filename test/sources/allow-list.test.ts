import assert from 'node:assert/strict'
import { test } from 'node:test'
import { makeAllowList } from '../../src/sources/allow-list.ts'

test('only listed hosts and ports are called', () => {
  const list = makeAllowList(['pacs.example:443', '10.1.2.3', '[2001:db8::1]:8042'])
  assert.ok(list.allowsHost('PACS.example', 443))
  assert.ok(list.allowsHost('10.1.2.3', 1))
  assert.ok(list.allowsHost('[2001:db8::1]', 8042))
  assert.ok(!list.allowsHost('pacs.example', 80))
  assert.ok(!list.allowsHost('evil.pacs.example', 443))
  assert.ok(!list.allowsHost('localhost', 443))
})

test('loopback is this machine by all its names, and nothing else', () => {
  const list = makeAllowList(['loopback'])
  for (const host of ['localhost', '127.0.0.1', '127.8.8.8', '[::1]'])
    assert.ok(list.allowsHost(host, 9))
  assert.ok(!list.allowsHost('10.0.0.1', 9))
  assert.ok(!list.allowsHost('169.254.169.254', 80))
})

test('a listed name may not lead to this machine or its link', () => {
  const list = makeAllowList(['pacs.example:443'])
  assert.ok(list.allowsAddress('10.0.0.1', 443))
  for (const address of [
    '127.0.0.1',
    '::1',
    '::ffff:127.0.0.1',
    '169.254.169.254',
    '0.0.0.0',
    'fe80::1',
    '224.0.0.1',
  ])
    assert.ok(!list.allowsAddress(address, 443), address)
  assert.ok(makeAllowList(['localhost:8042']).allowsAddress('127.0.0.1', 8042))
  assert.ok(!makeAllowList(['localhost:8042']).allowsAddress('127.0.0.1', 5432))
})

test('an entry that cannot be read is refused', () => {
  assert.throws(() => makeAllowList(['http://pacs']))
})
