import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import fc from 'fast-check'
import { hashedKeys } from '../../src/storage/hashed-keys.ts'
import { createDatabase } from '../support/database.ts'

const { pool } = await createDatabase({ after })

const SAME = `select $1::bigint[] = search_keys($2::text[]) as same`

async function assertSame(keys: readonly string[]): Promise<void> {
  const { rows } = await pool.query<{ same: boolean }>(SAME, [hashedKeys(keys), keys])
  assert.deepEqual(rows, [{ same: true }])
}

test('keys of any text are hashed here as the database hashes them', async () => {
  const texts = fc.array(fc.string({ unit: 'binary', maxLength: 60 }), { maxLength: 30 })
  const storable = texts.map((keys) => keys.map((key) => key.replaceAll('\0', '')))
  await fc.assert(fc.asyncProperty(storable, assertSame), { numRuns: 60 })
})

test('so are keys of every length, and none at all', async () => {
  const text = 'entity|ImagingStudy/29ab3f20-5b96-493d-932e-348adcbcd8c7|æøå'
  await assertSame(Array.from(text, (_, length) => text.slice(0, length)))
  await assertSame(['half \ud83d', '\ude00 and half'])
  await assertSame([])
})
