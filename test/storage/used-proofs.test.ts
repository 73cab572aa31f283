import assert from 'node:assert/strict'
import { test } from 'node:test'
import { makeUseProof, sweepUsedProofs } from '../../src/storage/used-proofs.ts'
import { createDatabase } from '../support/database.ts'

const at = (seconds: number): Date => new Date(Date.parse('2026-01-01T12:00:00Z') + seconds * 1000)

test('a proof is used once, by whichever of many requests comes first', async (t) => {
  const { pool } = await createDatabase(t)
  const useProof = makeUseProof(pool)
  const uses = await Promise.all(Array.from({ length: 10 }, () => useProof('one', at(60))))
  assert.equal(uses.filter(Boolean).length, 1)
  assert.equal(await useProof('one', at(600)), false)
  assert.equal(await useProof('two', at(60)), true)
})

test('what its own age refuses is forgotten', async (t) => {
  const { pool } = await createDatabase(t)
  const useProof = makeUseProof(pool)
  await useProof('old', at(60))
  await useProof('new', at(120))
  assert.equal(await sweepUsedProofs(pool, at(90)), 1)
  assert.equal(await useProof('new', at(120)), false)
})
