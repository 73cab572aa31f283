/**
 * kill -9 of the hub in the middle of STOW-RS, again and again at random moments. Afterwards every
 * acknowledged instance is there, byte for byte, nothing that was not sent whole is, and the audit log holds.
 */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import type { TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { readMultipart } from '../../src/wire/multipart/read-multipart.ts'
import { ctObject, newUid } from '../support/dicom.ts'
import { startNetwork, type Network } from '../support/network.ts'
import { seededRandom, type Random } from '../support/random.ts'

interface Sent {
  readonly studyUid: string
  /** SHA-256 of each object, hexadecimal. */
  readonly digests: ReadonlySet<string>
}

interface Ledger {
  /** Everything that left, answered or not, by study. */
  readonly sent: Map<string, Sent>
  readonly acknowledged: Sent[]
}

const SENDERS = 2

export async function killWhileStoring(
  t: TestContext,
  { rounds, seed }: { readonly rounds: number; readonly seed: number },
): Promise<void> {
  const random = seededRandom(seed)
  const network = await startNetwork(t)
  const patient = network.newPatient()
  const ledger: Ledger = { sent: new Map(), acknowledged: [] }
  for (let round = 1; round <= rounds; round += 1) {
    const before = ledger.acknowledged.length
    const token = await network.system('north-archive')
    const senders = Array.from({ length: SENDERS }, () =>
      sendUntilKilled({ network, token, patient, random, ledger }),
    )
    await sleep(100 + random() * 900)
    await network.hub.child.kill('SIGKILL')
    await Promise.all(senders)
    await network.hub.restart()
    await assertKept(network, ledger, ledger.acknowledged.slice(before))
  }
  t.diagnostic(
    `seed ${seed}: ${rounds} kills, ${ledger.acknowledged.length} requests acknowledged of ${ledger.sent.size}`,
  )
  assert.ok(ledger.acknowledged.length > 0, 'nothing was acknowledged before a kill')
  await assertKept(network, ledger, ledger.acknowledged)
  const verdict = (await network.hub.json('audit', 'verify')) as { ok: boolean }
  assert.equal(verdict.ok, true)
}

interface Sender {
  readonly network: Network
  readonly token: string
  readonly patient: string
  readonly random: Random
  readonly ledger: Ledger
}

/** One study a request, of one to six objects. */
async function sendUntilKilled({ network, token, patient, random, ledger }: Sender): Promise<void> {
  for (;;) {
    const studyUid = newUid()
    const objects = Array.from({ length: 1 + Math.floor(random() * 6) }, (_, index) =>
      ctObject({
        ...{ studyUid, patientId: patient, instanceNumber: index + 1 },
        ...{ patientName: 'Test^Kari', birthDate: '19850517' },
        size: 64 + Math.floor(random() * 256),
      }),
    )
    const sent = { studyUid, digests: new Set(objects.map(digest)) }
    ledger.sent.set(studyUid, sent)
    const response = await store(network, token, objects).catch(() => undefined)
    if (response === undefined) return
    assert.equal(response.status, 200, await response.text())
    ledger.acknowledged.push(sent)
  }
}

async function store(
  network: Network,
  token: string,
  objects: readonly Buffer[],
): Promise<Response> {
  const boundary = 'part-of-a-study'
  const parts = objects.flatMap((object) => [
    Buffer.from(`--${boundary}\r\nContent-Type: application/dicom\r\n\r\n`),
    object,
    Buffer.from('\r\n'),
  ])
  const response = await fetch(`${network.hub.url}/dicom-web/studies`, {
    method: 'POST',
    headers: {
      authorization: token,
      'content-type': `multipart/related; type="application/dicom"; boundary=${boundary}`,
    },
    body: Buffer.concat([...parts, Buffer.from(`--${boundary}--\r\n`)]),
  })
  // Acknowledged is what was answered whole.
  const text = await response.text()
  return new Response(text, { status: response.status })
}

async function assertKept(
  network: Network,
  { sent }: Ledger,
  acknowledged: readonly Sent[],
): Promise<void> {
  const token = await network.system('north-archive')
  for (const { studyUid, digests } of acknowledged) {
    assert.deepEqual(await storedDigests(network, token, studyUid), digests)
  }
  for (const studyUid of await listedStudies(network, token)) {
    const stored = await storedDigests(network, token, studyUid)
    assert.deepEqual(stored, sent.get(studyUid)?.digests, 'a study is there that was not sent so')
  }
}

/** The newest are enough: older ones were looked at in their own round. */
async function listedStudies(network: Network, token: string): Promise<readonly string[]> {
  const response = await fetch(`${network.hub.url}/dicom-web/studies?limit=50`, {
    headers: { authorization: token, accept: 'application/dicom+json' },
  })
  const studies = (await response.json()) as { '0020000D': { Value: string[] } }[]
  return studies.flatMap((study) => study['0020000D'].Value)
}

async function storedDigests(
  network: Network,
  token: string,
  studyUid: string,
): Promise<ReadonlySet<string>> {
  const response = await fetch(`${network.hub.url}/dicom-web/studies/${studyUid}`, {
    headers: { authorization: token, accept: 'multipart/related; type="application/dicom"' },
  })
  assert.equal(response.status, 200, `study ${studyUid}`)
  const boundary = /boundary="?([^";]+)/.exec(response.headers.get('content-type') ?? '')?.[1]
  assert.ok(response.body !== null && boundary !== undefined)
  const digests = new Set<string>()
  for await (const part of readMultipart(response.body, boundary)) {
    const hash = createHash('sha256')
    for await (const chunk of part.body) hash.update(chunk)
    digests.add(hash.digest('hex'))
  }
  return digests
}

function digest(object: Buffer): string {
  return createHash('sha256').update(object).digest('hex')
}
