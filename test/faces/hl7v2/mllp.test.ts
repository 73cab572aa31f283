import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { test, type TestContext } from 'node:test'
import tls from 'node:tls'
import { Hl7Message as MedplumMessage } from '@medplum/core'
import { Hl7Client } from '@medplum/hl7'
import type { Member } from '../../../src/domain/access/network.ts'
import type { AuditRecord } from '../../../src/domain/audit/event.ts'
import type { MllpLimits } from '../../../src/faces/hl7v2/limits.ts'
import { startMllp, type MllpOptions } from '../../../src/faces/hl7v2/start-mllp.ts'
import { HubError } from '../../../src/kernel/errors.ts'
import { makeAdmitSender } from '../../../src/services/admit-sender.ts'
import { makeReceiveOru, type ReceiveMessage } from '../../../src/services/receive-message.ts'
import { insertHl7Sender } from '../../../src/storage/hl7-senders.ts'
import { makeCertificate } from '../../support/certificate.ts'
import { createDatabase } from '../../support/database.ts'
import { makeExaminations, NORTH } from '../../support/examinations.ts'
import { keepLog } from '../../support/log-lines.ts'
import { clientOf, connectMllp, oru } from '../../support/mllp.ts'

const MEMBER: Member = {
  id: NORTH,
  orgnr: '999999999',
  name: 'Nordre sykehus',
  roles: ['publisher'],
  active: true,
}

interface World {
  readonly receive?: ReceiveMessage
  readonly limits?: Partial<MllpLimits>
  readonly tls?: MllpOptions['tls']
  readonly fingerprint?: string
  readonly member?: Partial<Member>
  readonly takesTests?: boolean
}

async function start(t: TestContext, world: World = {}) {
  const { pool } = await createDatabase(t)
  const examinations = makeExaminations(pool)
  const audited: AuditRecord[] = []
  await pool.query(
    `insert into member (id, orgnr, name, roles, created_at) values ('north', '999999999', 'Nordre', '{publisher}', now())`,
  )
  const known = { application: 'RIS', facility: 'NORTH', address: '127.0.0.0/8' }
  const marks =
    world.fingerprint === undefined
      ? { ...known, fingerprint: null }
      : { fingerprint: world.fingerprint, application: null, facility: null, address: null }
  const sender = { id: 'north-ris', member: NORTH, name: 'RIS', ...marks }
  const reading = { charset: 'iso-8859-1', timeZone: 'Europe/Oslo', defaultSystem: null }
  await insertHl7Sender(pool, { ...sender, ...reading }, new Date())
  const { log, lines } = keepLog()
  const listener = await startMllp({
    port: 0,
    host: '127.0.0.1',
    admitSender: makeAdmitSender({
      db: pool,
      state: { member: () => ({ ...MEMBER, ...world.member }) },
      recordAudit: async (record) => {
        audited.push(record)
      },
      clock: () => new Date(),
    }),
    receivers: { 'ORU^R01': world.receive ?? makeReceiveOru(examinations) },
    takesTests: world.takesTests ?? true,
    clock: () => new Date(),
    log,
    tls: world.tls,
    limits: world.limits,
  })
  t.after(() => listener.close())
  const reports = async (): Promise<any[]> => {
    const { rows } = await pool.query(
      `select content, quarantined from resource where type = 'DiagnosticReport' order by id`,
    )
    return rows.map(({ content, quarantined }) => ({ ...JSON.parse(content), quarantined }))
  }
  return { ...examinations, pool, audited, listener, lines, reports }
}

const codeOf = (ack: string | undefined) => /\rMSA\|(..)\|([^|\r]*)/.exec(ack ?? '')?.slice(1)

test('a report is acknowledged by its control id once it is there to be read', async (t) => {
  const { listener, reports } = await start(t)
  const client = await connectMllp(listener.port)
  assert.deepEqual(codeOf(await client.ask(oru())), ['AA', 'c-1'])
  const [report] = await reports()
  assert.equal(report.status, 'final')
  assert.equal(report.conclusion, 'Leveren er stor, æøå.')
})

test('an independent client is understood, in UTF-8 and Latin-1, over one connection', async (t) => {
  const { listener, reports } = await start(t)
  for (const [encoding, charset] of [
    ['utf-8', 'UNICODE UTF-8'],
    ['latin1', '8859/1'],
    ['latin1', ''],
  ] as const) {
    const client = new Hl7Client({
      host: '127.0.0.1',
      port: listener.port,
      encoding,
      keepAlive: true,
    })
    for (const filler of ['1', '2']) {
      const message = MedplumMessage.parse(oru({ charset, filler: `${charset}-${filler}` }))
      const ack = await client.sendAndWait(message)
      assert.equal(ack.getSegment('MSA')?.toString(), 'MSA|AA|c-1')
    }
    await client.close()
  }
  const texts = new Set((await reports()).map(({ conclusion }) => conclusion))
  assert.deepEqual([...texts], ['Leveren er stor, æøå.'])
})

test('what cannot be what it declares is refused at MSH-18, and nothing is kept', async (t) => {
  const { listener, reports } = await start(t)
  const client = await connectMllp(listener.port)
  for (const [charset, encoding] of [
    ['UNICODE UTF-8', 'latin1'],
    ['8859/1', 'utf8'],
    ['', 'utf8'],
    ['ISO IR87', 'latin1'],
  ] as const) {
    const ack = await client.ask(Buffer.from(oru({ charset }), encoding))
    assert.deepEqual(codeOf(ack), ['AE', 'c-1'], charset)
    assert.match(ack, /\rERR\|\|MSH\^1\^18\^1\|103\^/)
  }
  assert.deepEqual(await reports(), [])
})

test('an error names its place, and tells nothing of the patient', async (t) => {
  const { listener, lines } = await start(t)
  const client = await connectMllp(listener.port)
  const ack = await client.ask(oru({ filler: '' }))
  assert.deepEqual(codeOf(ack), ['AE', 'c-1'])
  assert.match(ack, /\rERR\|\|OBR\^1\^3\^1\|101\^Required field missing/)
  assert.doesNotMatch(ack + lines.join(''), /17858550084|degård/)
})

test('what is not for this hub is rejected, each by its own field', async (t) => {
  const { listener } = await start(t, { takesTests: false })
  const client = await connectMllp(listener.port)
  for (const [change, error] of [
    [(text: string) => text.replace('ORU^R01', 'ORM^O01'), /MSH\^1\^9\^1\^1\|200\^/],
    [(text: string) => text.replace('ORU^R01', 'ORU^R02'), /MSH\^1\^9\^1\^2\|201\^/],
    [(text: string) => text.replace('|P|2.5', '|P|3.0'), /MSH\^1\^12\^1\|203\^/],
    [(text: string) => text.replace('|P|2.5', '|T|2.5'), /MSH\^1\^11\^1\|202\^/],
  ] as const) {
    const ack = await client.ask(change(oru()))
    assert.deepEqual(codeOf(ack)?.[0], 'AR')
    assert.match(ack, error)
  }
})

test('in enhanced mode the message is told to be committed, and to be done', async (t) => {
  const { listener } = await start(t)
  const client = await connectMllp(listener.port)
  client.send(oru({ asks: 'AL|AL' }))
  assert.deepEqual(
    [codeOf(await client.next())?.[0], codeOf(await client.next())?.[0]],
    ['CA', 'AA'],
  )
  client.send(oru({ asks: 'NE|NE', filler: 'F-2' }))
  client.send(oru({ asks: 'ER|', filler: '', control: 'c-3' }))
  assert.deepEqual(codeOf(await client.next()), ['CE', 'c-3'])
})

test('a sender that is not known is rejected, seen and listened to no further', async (t) => {
  const { listener, audited, reports } = await start(t)
  const client = await connectMllp(listener.port)
  assert.deepEqual(codeOf(await client.ask(oru({ facility: 'SOUTH' }))), ['AR', 'c-1'])
  client.send(oru())
  assert.equal(await client.next(), undefined)
  assert.deepEqual(
    audited.map(({ act, outcome, reason, channel, address }) => [
      act,
      outcome,
      reason,
      channel,
      address,
    ]),
    [['access-refused', '4', 'unknown-sender', 'hl7v2', '127.0.0.1']],
  )
  assert.deepEqual(await reports(), [])
})

test('a sender whose member publishes nothing, or has left, is rejected', async (t) => {
  for (const member of [{ roles: ['clinical'] as const }, { active: false }]) {
    const { listener, reports } = await start(t, { member })
    const client = await connectMllp(listener.port)
    assert.deepEqual(codeOf(await client.ask(oru()))?.[0], 'AR')
    assert.deepEqual(await reports(), [])
  }
})

test('a message in pieces, and several in one piece, are taken in order', async (t) => {
  const { listener, reports } = await start(t)
  const client = await connectMllp(listener.port)
  const frames = ['1', '2', '3']
    .map((one) => `\x0b${oru({ filler: one, control: one })}\x1c\r`)
    .join('\n')
  const bytes = Buffer.from(frames)
  client.sendRaw(bytes.subarray(0, 10))
  client.sendRaw(bytes.subarray(10, bytes.length - 1))
  client.sendRaw(bytes.subarray(bytes.length - 1))
  const controls = [await client.next(), await client.next(), await client.next()].map(
    (ack) => codeOf(ack)?.[1],
  )
  assert.deepEqual(controls, ['1', '2', '3'])
  assert.equal((await reports()).length, 3)
})

test('of one connection, one message is taken at a time', async (t) => {
  let running = 0
  let most = 0
  const receive: ReceiveMessage = async () => {
    running += 1
    most = Math.max(most, running)
    await new Promise((resolve) => setImmediate(resolve))
    running -= 1
  }
  const { listener } = await start(t, { receive })
  const client = await connectMllp(listener.port)
  for (let index = 0; index < 20; index++) client.send(oru())
  for (let index = 0; index < 20; index++) await client.next()
  assert.equal(most, 1)
})

test('duplicates and late versions are acknowledged and change nothing', async (t) => {
  const { listener, reports } = await start(t)
  const client = await connectMllp(listener.port)
  const late = { status: 'P', issued: '20260110100000+0100', text: 'Foreløpig' }
  for (const change of [{}, {}, late])
    assert.deepEqual(codeOf(await client.ask(oru(change)))?.[0], 'AA')
  const [report, ...others] = await reports()
  assert.deepEqual([report.status, report.meta.versionId, others], ['final', '1', []])
})

test('a report of nobody in particular is taken, and shown to nobody', async (t) => {
  const { listener, reports } = await start(t)
  const client = await connectMllp(listener.port)
  const pid = 'PID|1||||Ødegård^Anne||19850517|F'
  assert.deepEqual(codeOf(await client.ask(oru({ pid })))?.[0], 'AA')
  assert.equal((await reports())[0].quarantined, true)
})

for (const [name, bytes, limits] of [
  ['no start block', Buffer.from('GET / HTTP/1.1\r\n\r\n'), {}],
  [
    'an oversized message',
    Buffer.concat([Buffer.from('\x0bMSH|^~\\&|'), Buffer.alloc(5000, 'x')]),
    { messageBytes: 4096 },
  ],
] as const) {
  test(`${name} is rejected, and ends the connection`, async (t) => {
    const { listener } = await start(t, { limits })
    const client = await connectMllp(listener.port)
    client.sendRaw(bytes)
    assert.equal(codeOf(await client.next())?.[0], 'AR')
    assert.equal(await client.next(), undefined)
  })
}

for (const [name, message] of [
  ['an empty message', ''],
  ['no HL7', 'hello'],
  ['wrong delimiters', 'MSH||||RIS\r'],
  ['10 000 segments', `${oru()}${'NTE|1||x\r'.repeat(10_000)}`],
  ['a thousand fields', `${oru()}OBX${'|x'.repeat(1000)}\r`],
  ['null characters', oru({ text: 'a\0b' })],
] as const) {
  test(`${name} is answered, and the next message is taken`, async (t) => {
    const { listener } = await start(t)
    const client = await connectMllp(listener.port)
    assert.match(codeOf(await client.ask(message))?.[0] ?? '', /^A[ER]$/)
    assert.equal(codeOf(await client.ask(oru()))?.[0], 'AA')
  })
}

test('a frame that does not end is cut off', async (t) => {
  const { listener } = await start(t, { limits: { frameMs: 50 } })
  const client = await connectMllp(listener.port)
  client.sendRaw('\x0bMSH|^~\\&|RIS')
  const drip = setInterval(() => {
    client.sendRaw('x')
  }, 10)
  assert.equal(await client.next(), undefined)
  clearInterval(drip)
})

test('a connection on which nothing happens is closed', async (t) => {
  const { listener } = await start(t, { limits: { idleMs: 50 } })
  const client = await connectMllp(listener.port)
  assert.equal(await client.next(), undefined)
})

test('one address has only so many connections', async (t) => {
  const { listener } = await start(t, { limits: { connectionsPerAddress: 2 } })
  const [first, second] = [await connectMllp(listener.port), await connectMllp(listener.port)]
  const third = await connectMllp(listener.port)
  assert.equal(await third.next(), undefined)
  first.socket.destroy()
  assert.equal(codeOf(await second.ask(oru()))?.[0], 'AA')
})

test('a hub that cannot take a message says so, keeps the connection, and logs what it was', async (t) => {
  const failures = [new HubError('unavailable', 'Not now'), new Error('a bug with 17858550084')]
  const { listener, lines } = await start(t, {
    receive: async () => {
      const failure = failures.shift()
      if (failure !== undefined) throw failure
    },
  })
  const client = await connectMllp(listener.port)
  assert.match(await client.ask(oru()), /MSA\|AR\|c-1\|Not now/)
  const ack = await client.ask(oru())
  assert.match(ack, /MSA\|AR\|c-1\|The hub could not take the message/)
  assert.doesNotMatch(ack, /17858550084/)
  assert.equal(codeOf(await client.ask(oru()))?.[0], 'AA')
  assert.equal(lines.length, 2)
})

test('a close lets what is being taken be acknowledged, and takes no more', async (t) => {
  let finish = (): void => undefined
  let begun = (): void => undefined
  const begin = new Promise<void>((resolve) => {
    begun = resolve
  })
  const { listener } = await start(t, {
    receive: () => {
      begun()
      return new Promise((resolve) => {
        finish = resolve
      })
    },
  })
  const [busy, idle] = [await connectMllp(listener.port), await connectMllp(listener.port)]
  busy.send(oru())
  await begin
  const closing = listener.close()
  busy.send(oru({ control: 'c-2' }))
  assert.equal(await idle.next(), undefined)
  finish()
  assert.deepEqual(codeOf(await busy.next()), ['AA', 'c-1'])
  assert.equal(await busy.next(), undefined)
  busy.socket.destroy()
  await closing
  await assert.rejects(connectMllp(listener.port))
})

test('over TLS a sender is known by its certificate, whatever it calls itself', async (t) => {
  const [server, client, stranger] = [makeCertificate(t), makeCertificate(t), makeCertificate(t)]
  if (server === undefined || client === undefined || stranger === undefined) return
  const files = { cert: readFileSync(server.cert), key: readFileSync(server.key) }
  const { fingerprint256 } = new X509Certificate(readFileSync(client.cert))
  const fingerprint = fingerprint256.replaceAll(':', '').toLowerCase()
  const { listener, reports } = await start(t, { tls: files, fingerprint })
  const ask = async (by?: { cert: string; key: string }) => {
    const socket = tls.connect({
      port: listener.port,
      host: '127.0.0.1',
      ca: files.cert,
      servername: 'localhost',
      ...(by && { cert: readFileSync(by.cert), key: readFileSync(by.key) }),
    })
    await once(socket, 'secureConnect')
    const ack = await clientOf(socket).ask(oru({ facility: 'WHATEVER' }))
    socket.destroy()
    return codeOf(ack)?.[0]
  }
  assert.equal(await ask(), 'AR')
  assert.equal(await ask(stranger), 'AR')
  assert.deepEqual(await reports(), [])
  assert.equal(await ask(client), 'AA')
})
