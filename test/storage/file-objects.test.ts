import assert from 'node:assert/strict'
import { mkdtemp, readdir, readFile, rm, stat, utimes } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import fc from 'fast-check'
import { makeFileObjects } from '../../src/storage/file-objects.ts'
import type { ObjectStore } from '../../src/storage/objects.ts'

interface Store {
  readonly store: ObjectStore
  readonly folder: string
}

async function makeStore(t: TestContext): Promise<Store> {
  const folder = await mkdtemp(join(tmpdir(), 'samsyn-objects-'))
  const store = await makeFileObjects(folder, { clock: () => new Date() })
  t.after(async () => {
    await store.close()
    await rm(folder, { recursive: true })
  })
  return { store, folder }
}

async function files(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  return entries.filter((entry) => entry.isFile()).map((entry) => entry.name)
}

async function read(
  { store }: Store,
  landing: string,
  offset: number,
  length: number,
): Promise<Buffer> {
  const buffer = Buffer.alloc(length)
  const count = await store.read(landing, offset, length, buffer)
  return buffer.subarray(0, count)
}

test('a landing holds what was written and not rewound', async (t) => {
  const made = await makeStore(t)
  const step = fc.record({ length: fc.nat(900_000), keep: fc.boolean() })
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 8 }), async (steps) => {
      const landing = await made.store.createLanding()
      const kept: Buffer[] = []
      for (const [index, { length, keep }] of steps.entries()) {
        const before = landing.position
        const bytes = Buffer.alloc(length, index + 1)
        await landing.write(bytes)
        if (keep) kept.push(Buffer.from(bytes))
        else await landing.rewind(before)
        // The caller's buffer is its own again.
        bytes.fill(0)
      }
      const expected = Buffer.concat(kept)
      assert.equal(landing.position, expected.length)
      await landing.commit()
      const actual = await read(made, landing.id, 0, expected.length + 1)
      assert.ok(actual.equals(expected))
    }),
    { numRuns: 25 },
  )
})

test('a range is read into the start of the buffer, and less of it at the end of the file', async (t) => {
  const made = await makeStore(t)
  const landing = await made.store.createLanding()
  await landing.write(Buffer.from('0123456789'))
  await landing.commit()
  assert.equal((await read(made, landing.id, 3, 4)).toString(), '3456')
  assert.equal((await read(made, landing.id, 8, 4)).toString(), '89')
})

test('an aborted landing leaves no file, before and after its commit', async (t) => {
  const { store, folder } = await makeStore(t)
  const one = await store.createLanding()
  await one.write(Buffer.alloc(2_000_000))
  await one.abort()
  const two = await store.createLanding()
  await two.commit()
  await two.abort()
  assert.deepEqual(await files(folder), [])
})

test('a write that fails is told at the next write or at the commit', async (t) => {
  const { store, folder } = await makeStore(t)
  const landing = await store.createLanding()
  await landing.write(Buffer.alloc(10))
  await rm(join(folder, landing.id.slice(0, 2)), { recursive: true })
  // The file's bytes go nowhere that can be found again: its folder is no longer there to be synced.
  await assert.rejects(landing.commit(), { code: 'ENOENT' })
})

test('reading what is not there is an error', async (t) => {
  const { store } = await makeStore(t)
  const id = '00000000-0000-4000-8000-000000000000'
  await assert.rejects(store.read(id, 0, 1, Buffer.alloc(1)), { code: 'unavailable' })
  await assert.rejects(store.read('../../etc/passwd', 0, 1, Buffer.alloc(1)), {
    code: 'unavailable',
  })
})

test('reads go on while more files are open than are kept', async (t) => {
  const made = await makeStore(t)
  const ids: string[] = []
  for (let index = 0; index < 300; index += 1) {
    const landing = await made.store.createLanding()
    await landing.write(Buffer.from(String(index)))
    await landing.commit()
    ids.push(landing.id)
  }
  const texts = await Promise.all(ids.map((id) => read(made, id, 0, 3).then(String)))
  assert.deepEqual(
    texts,
    ids.map((_, index) => String(index)),
  )
})

test('the sweep deletes old files that no row names, and nothing else', async (t) => {
  const { store, folder } = await makeStore(t)
  const landings = await Promise.all([1, 2, 3, 4].map(() => store.createLanding()))
  const [known, forgotten, recent, writing] = landings
  assert.ok(known && forgotten && recent && writing)
  for (const landing of [known, forgotten, recent]) await landing.commit()
  const old = new Date(Date.now() - 2 * 60 * 60 * 1000)
  for (const { id } of [known, forgotten, writing])
    await utimes(join(folder, id.slice(0, 2), id), old, old)

  assert.equal(await store.sweep(async () => new Set([known.id])), 1)
  const left = await files(folder)
  assert.deepEqual(new Set(left), new Set([known.id, recent.id, writing.id]))
  await writing.abort()
})

test('the check leaves nothing behind, and says what to do where it fails', async (t) => {
  const { store, folder } = await makeStore(t)
  await store.check()
  assert.deepEqual(await files(folder), [])
  await rm(folder, { recursive: true })
  await assert.rejects(store.check(), { code: 'unavailable', message: /permissions/ })
  await makeFileObjects(folder, { clock: () => new Date() })
})

test('what was committed is on disk byte for byte', async (t) => {
  const { store, folder } = await makeStore(t)
  const landing = await store.createLanding()
  const bytes = Buffer.alloc(1_234_567)
  for (let at = 0; at < bytes.length; at += 1) bytes[at] = at & 0xff
  for (let at = 0; at < bytes.length; at += 65_000)
    await landing.write(bytes.subarray(at, at + 65_000))
  await landing.commit()
  assert.ok((await readFile(join(folder, landing.id.slice(0, 2), landing.id))).equals(bytes))
})

test('what is stored is for its owner alone', async (t) => {
  const parent = await mkdtemp(join(tmpdir(), 'samsyn-objects-'))
  const folder = join(parent, 'objects')
  const store = await makeFileObjects(folder, { clock: () => new Date() })
  t.after(async () => {
    await store.close()
    await rm(parent, { recursive: true })
  })
  const { id, commit } = await store
    .createLanding()
    .then((landing) => ({ id: landing.id, commit: () => landing.commit() }))
  await commit()
  const modeOf = async (path: string) => (await stat(path)).mode & 0o777
  assert.equal(await modeOf(folder), 0o700)
  assert.equal(await modeOf(join(folder, id.slice(0, 2))), 0o700)
  assert.equal(await modeOf(join(folder, id.slice(0, 2), id)), 0o600)
})

test('a landing that would take of the reserve is refused before a byte of it', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'samsyn-objects-'))
  const clock = () => new Date()
  const store = await makeFileObjects(folder, { clock, reserveBytes: Number.MAX_SAFE_INTEGER })
  t.after(async () => {
    await store.close()
    await rm(folder, { recursive: true })
  })
  await assert.rejects(store.createLanding(), {
    code: 'unavailable',
    reason: 'insufficient-storage',
  })
  assert.deepEqual(await files(folder), [])
})
