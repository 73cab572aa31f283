/** Exports at work: consistent, in whole files, and gone on with whatever happens on the way. */
import assert from 'node:assert/strict'
import fs from 'node:fs/promises'
import path from 'node:path'
import { test } from 'node:test'
import type { ObjectStore } from '../../src/storage/objects.ts'
import { startChild } from '../support/children.ts'
import { EXPORTER, idsIn, withExports, type Exports } from '../support/exports.ts'
import { ANNE, keyOf, NORTH, WEST, type Caller } from '../support/registry.ts'
import { until } from '../support/until.ts'

const REPORTS = '$export?_type=DiagnosticReport'

/** Rows as a load would leave them: many of one time, each with a text of its own. */
async function putMany(
  { pool }: Pick<Exports, 'pool'>,
  count: number,
  { bytes = 200, at = '2026-01-01T00:00:00Z' } = {},
): Promise<void> {
  await pool.query(
    `insert into resource_report (type, id, last_updated, custodian, patient, content)
     select 'DiagnosticReport', 'r' || i, $2::timestamptz + (i / 700) * interval '1 ms', $3, $4,
       '{"resourceType":"DiagnosticReport","id":"r' || i || '","conclusion":"' || repeat('x', $5) || '"}'
     from generate_series(1, $1) as i`,
    [count, at, NORTH, ANNE, bytes],
  )
}

const expected = (count: number): readonly string[] =>
  Array.from({ length: count }, (_, index) => `r${index + 1}`).sort()

async function begin(exports: Exports, query = REPORTS): Promise<string> {
  const { status, headers, body } = await exports.kickOff(EXPORTER, query)
  assert.equal(status, 202, JSON.stringify(body))
  return headers.get('content-location') ?? ''
}

async function reportsIn(exports: Exports, location: string): Promise<readonly string[]> {
  const { status, body } = await exports.finished(EXPORTER, location)
  assert.equal(status, 200, JSON.stringify(body))
  return (await idsIn(exports, EXPORTER, body)).DiagnosticReport ?? []
}

async function landingsOn({ folder }: Pick<Exports, 'folder'>): Promise<number> {
  const entries = await fs.readdir(folder, { recursive: true, withFileTypes: true })
  return entries.filter((entry) => entry.isFile()).length
}

/** Calls `hook` before each write, with how many there were. */
function watching(store: ObjectStore, hook: (writes: number) => Promise<void>): ObjectStore {
  let writes = 0
  return {
    ...store,
    async createLanding() {
      const landing = await store.createLanding()
      return new Proxy(landing, {
        get(target, name) {
          if (name === 'write')
            return async (chunk: Uint8Array) => {
              writes += 1
              await hook(writes)
              return target.write(chunk)
            }
          const value: unknown = Reflect.get(target, name)
          return typeof value === 'function' ? (value.bind(target) as unknown) : value
        },
      })
    },
  }
}

test('a large export is whole files of whole batches, each resource once', (t) =>
  withExports(t, { pace: { fileBytes: 200_000 } }, async (exports) => {
    await putMany(exports, 5_000)
    const location = await begin(exports)
    const ids = await reportsIn(exports, location)
    assert.deepEqual([...ids].sort(), expected(5_000))
    const { body } = await exports.ask(EXPORTER, location)
    const counts = body.output.map(({ count }: { count: number }) => count)
    assert.ok(counts.length >= 5, String(counts))
    assert.ok(counts.every((count: number) => count % 500 === 0))
  }))

test('the state of the moment that was asked at is exported, whatever is written meanwhile', (t) =>
  withExports(t, { idle: true }, async (exports) => {
    const put = (id: string, status: string, how = {}): Promise<number> =>
      exports.put(
        { resourceType: 'DiagnosticReport', id, status },
        { custodian: NORTH, patient: ANNE },
        { at: new Date(), ...how },
      )
    for (const id of ['kept', 'changed', 'deleted', 'twice']) await put(id, 'final')
    const location = await begin(exports)
    const later = new Date(Date.now() + 5)
    await put('changed', 'amended', { at: later })
    await put('twice', 'amended', { at: later })
    await put('twice', 'corrected', { at: new Date(later.getTime() + 5) })
    await put('deleted', '', { method: 'DELETE', at: later })
    await put('new', 'final', { at: later })
    await exports.startJobs()
    const { body } = await exports.finished(EXPORTER, location)
    const found = await exports.linesOf(EXPORTER, body.output[0].url)
    const states = found.map(({ id, status, meta }) => `${id} ${status} ${meta.versionId}`)
    assert.deepEqual(states.sort(), [
      'changed final 1',
      'deleted final 1',
      'kept final 1',
      'twice final 1',
    ])
    // What the next one begins with, no more and no less.
    const next = await exports.exported(EXPORTER, `${REPORTS}&_since=${body.transactionTime}`)
    const changes = (await idsIn(exports, EXPORTER, next)).DiagnosticReport ?? []
    assert.deepEqual([...changes].sort(), ['changed', 'new', 'twice'])
    assert.equal(next.deleted[0]?.count, 1)
  }))

test('what was being written when it was asked is waited for', (t) =>
  withExports(t, { idle: true }, async (exports) => {
    const writer = await exports.pool.connect()
    await writer.query('begin')
    await writer.query(
      `insert into resource_report (type, id, last_updated, custodian, content)
       values ('DiagnosticReport', 'late', now() - interval '1 second', $1, '{"resourceType":"DiagnosticReport","id":"late"}')`,
      [NORTH],
    )
    const location = await begin(exports)
    await exports.startJobs()
    await until(async () => {
      const { rows } = await exports.pool.query('select claim from export')
      return rows[0]?.claim !== null
    })
    assert.equal((await exports.ask(EXPORTER, location)).status, 202)
    await writer.query('commit')
    writer.release()
    assert.deepEqual(await reportsIn(exports, location), ['late'])
  }))

test('a node that is killed leaves whole files, and the next one goes on behind them', (t) =>
  withExports(t, { idle: true, pace: { fileBytes: 200_000, leaseMs: 1_000 } }, async (exports) => {
    await putMany(exports, 3_000)
    const location = await begin(exports)
    const { connectionString = '' } = exports.pool.options
    const child = startChild(process.execPath, [
      path.join(import.meta.dirname, '../support/export-child.ts'),
      ...[connectionString, exports.folder, '200000', '1000'],
    ])
    await child.line(/stuck/)
    await child.kill('SIGKILL')
    const before = await exports.pool.query('select number, landing from export_file order by 1')
    assert.equal(before.rowCount, 2)
    await exports.startJobs()
    const ids = await reportsIn(exports, location)
    assert.deepEqual([...ids].sort(), expected(3_000))
    const after = await exports.pool.query('select number, landing from export_file order by 1')
    assert.deepEqual(after.rows.slice(0, 2), before.rows)
  }))

test('a node that stops hands over to the next, which repeats nothing', (t) => {
  const reached = Promise.withResolvers<undefined>()
  const objects = (store: ObjectStore): ObjectStore =>
    watching(store, async (writes) => {
      if (writes === 4) reached.resolve(undefined)
    })
  const pace = { fileBytes: 200_000 }
  return withExports(t, { idle: true, pace, objects }, async (exports) => {
    await putMany(exports, 6_000)
    const location = await begin(exports)
    const first = await exports.startJobs()
    await reached.promise
    await first.stop()
    await exports.startJobs()
    assert.deepEqual([...(await reportsIn(exports, location))].sort(), expected(6_000))
    assert.equal((await exports.pool.query('select 1 from export where failures > 0')).rowCount, 0)
  })
})

test('what fails once is tried again, and leaves no half file behind', (t) => {
  const objects = (store: ObjectStore): ObjectStore =>
    watching(store, async (writes) => {
      if (writes === 2) throw new Error('The disk was away')
    })
  return withExports(t, { objects, pace: { fileBytes: 200_000 } }, async (exports) => {
    await putMany(exports, 2_000)
    const location = await begin(exports)
    assert.deepEqual([...(await reportsIn(exports, location))].sort(), expected(2_000))
    const { rowCount } = await exports.pool.query('select 1 from export_file')
    assert.equal(await landingsOn(exports), rowCount)
  })
})

test('an export that is deleted stops, and nothing of it is left', (t) => {
  const reached = Promise.withResolvers<undefined>()
  const may = Promise.withResolvers<undefined>()
  const objects = (store: ObjectStore): ObjectStore =>
    watching(store, async (writes) => {
      if (writes !== 3) return
      reached.resolve(undefined)
      await may.promise
    })
  return withExports(t, { objects, pace: { fileBytes: 100_000 } }, async (exports) => {
    await putMany(exports, 5_000)
    const location = await begin(exports)
    await reached.promise
    const deleted = await exports.ask(EXPORTER, location, { method: 'DELETE' })
    assert.equal(deleted.status, 202)
    may.resolve(undefined)
    assert.equal((await exports.ask(EXPORTER, location)).status, 404)
    await until(async () => (await landingsOn(exports)) === 0)
    const { rowCount } = await exports.pool.query('select 1 from export')
    assert.equal(rowCount, 0)
  })
})

test('access that narrows meanwhile narrows what is still to come', (t) => {
  const caller: Caller & { filter: Caller['filter'] } = { ...EXPORTER }
  const objects = (store: ObjectStore): ObjectStore =>
    watching(store, async (writes) => {
      if (writes === 1) caller.filter = { kind: 'custodian', in: [WEST] }
    })
  return withExports(t, { idle: true, objects }, async (exports) => {
    await putMany(exports, 5_000)
    const begun = await exports.kickOff(caller, REPORTS)
    await exports.startJobs()
    const { body } = await exports.finished(caller, begun.headers.get('content-location') ?? '')
    const [file] = body.output
    assert.equal(file.count, 500)
  })
})

test('access that ends meanwhile ends the export and takes back its files', (t) => {
  const actions = [...EXPORTER.actions]
  const caller = { ...EXPORTER, actions }
  const objects = (store: ObjectStore): ObjectStore =>
    watching(store, async (writes) => {
      if (writes === 3) actions.splice(actions.indexOf('read-report'), 1)
    })
  return withExports(t, { objects, pace: { fileBytes: 100_000 } }, async (exports) => {
    await putMany(exports, 5_000)
    const headers = { 'x-caller': keyOf(caller) }
    const begun = await exports.kickOff(caller, REPORTS)
    const location = begun.headers.get('content-location') ?? ''
    await until(async () => (await fetch(location, { headers })).status !== 202)
    const ended = await fetch(location, { headers })
    assert.equal(ended.status, 500)
    assert.match(await ended.text(), /Access ended/)
    assert.equal(await landingsOn(exports), 0)
    const last = exports.audit.at(-1)
    assert.deepEqual([last?.act, last?.outcome, last?.reason], ['export', '8', 'access-ended'])
  })
})

test('a client has so many exports under way, and is told when to try again', (t) =>
  withExports(t, { idle: true }, async (exports) => {
    const asked = await Promise.all(
      Array.from({ length: 6 }, () => exports.kickOff(EXPORTER, REPORTS)),
    )
    const statuses = asked.map(({ status }) => status).sort()
    assert.deepEqual(statuses, [202, 202, 202, 429, 429, 429])
    const refused = asked.find(({ status }) => status === 429)
    assert.ok(Number(refused?.headers.get('retry-after')) > 0)
    const [one] = asked.filter(({ status }) => status === 202)
    const location = one?.headers.get('content-location') ?? ''
    const waiting = await exports.ask(EXPORTER, location)
    assert.equal(waiting.status, 202)
    assert.match(waiting.headers.get('x-progress') ?? '', /0 of 1 types/)
    assert.ok(Number(waiting.headers.get('retry-after')) > 0)
    await exports.ask(EXPORTER, location, { method: 'DELETE' })
    assert.equal((await exports.kickOff(EXPORTER, REPORTS)).status, 202)
  }))

test('files are gone a day later, and their bytes with them', (t) => {
  let ahead = 0
  const clock = (): Date => new Date(Date.now() + ahead)
  return withExports(t, { clock }, async (exports) => {
    await putMany(exports, 10)
    const { location, output } = await exports.exported(EXPORTER, REPORTS)
    ahead = 24 * 60 * 60 * 1000
    const [url = ''] = output.map((file) => file.url)
    assert.equal((await exports.ask(EXPORTER, location)).status, 404)
    assert.equal((await exports.fetch(EXPORTER, url)).status, 404)
    await exports.sweep()
    assert.equal(await landingsOn(exports), 0)
    assert.equal((await exports.pool.query('select 1 from export')).rowCount, 0)
  })
})

test('exports of a client that has ended are swept', (t) => {
  const actions = [...EXPORTER.actions]
  const caller = { ...EXPORTER, actions }
  return withExports(t, {}, async (exports) => {
    await putMany(exports, 10)
    await exports.exported(caller, REPORTS)
    await exports.sweep()
    assert.equal(await landingsOn(exports), 1)
    actions.splice(0)
    await exports.sweep()
    assert.equal(await landingsOn(exports), 0)
  })
})

test('what is being handed out is cut when access ends', (t) =>
  withExports(t, {}, async (exports) => {
    await putMany(exports, 2_000, { bytes: 4_000 })
    const { output } = await exports.exported(EXPORTER, REPORTS)
    const headers = { 'accept-encoding': 'identity' }
    const response = await exports.fetch(EXPORTER, output[0]?.url ?? '', { headers })
    const reader = response.body?.getReader()
    await reader?.read()
    exports.cut()
    await assert.rejects(async () => {
      for (;;) if ((await reader?.read())?.done !== false) return
    })
  }))

test('large resources go out one by one, whole', (t) =>
  withExports(t, {}, async (exports) => {
    await putMany(exports, 40, { bytes: 300_000 })
    const location = await begin(exports)
    assert.deepEqual([...(await reportsIn(exports, location))].sort(), expected(40))
  }))
