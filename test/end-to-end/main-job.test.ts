/**
 * The main job on real images against a real Orthanc: published by its custodian, found, decided, granted,
 * streamed through the hub and logged; then blocked, and opened again in an emergency.
 */
import assert from 'node:assert/strict'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { it, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { inflateRawSync } from 'node:zlib'
import { readMultipart } from '../../src/wire/multipart/read-multipart.ts'
import { blockOf } from '../support/care.ts'
import { createDatabase } from '../support/database.ts'
import { newUid } from '../support/dicom.ts'
import { NATIONAL_ID_SYSTEM, startNetwork, type Network } from '../support/network.ts'
import { startOrthanc, type Orthanc } from '../support/orthanc.ts'
import { requireProgram, requireSamples } from '../support/peers.ts'
import { retag } from '../support/retag.ts'

interface Sample {
  /** Folder and file, for messages. */
  readonly name: string
  readonly studyUid: string
  /** As the source holds it. */
  readonly bytes: Buffer
  /** As it was before it was given its patient. */
  readonly original: Buffer
}

const IMAGES = 'multipart/related; type="application/dicom"; transfer-syntax=*'

it('finds, fetches, blocks and opens in an emergency what another hospital holds', async (t) => {
  const folder = requireSamples(t)
  const dcmodify = requireProgram(t, 'dcmodify')
  const orthanc = await startOrthanc(t)
  if (folder === undefined || dcmodify === undefined || orthanc === undefined) return
  const { url } = await createDatabase(t)
  const network = await startNetwork(t, { DATABASE_URL: url, SAMSYN_STUDY_SETTLE: '500 ms' })
  const patient = network.newPatient()

  const samples = prepareSamples(t, path.join(folder, 'dicom'), { dcmodify, patient })
  const deposited = await fillArchive(orthanc, samples)
  await depositIn(network, deposited)
  await syncArchive(network, orthanc)

  const token = await network.clinician(patient)
  const found = await findStudies(network, token, patient)
  assert.deepEqual(found, samples.map(({ studyUid }) => studyUid).sort())
  for (const sample of samples) await assertRetrieved(network, token, sample)

  assert.ok((await disclosures(network)).length > 0, 'the custodian sees who looked')
  const patientId = await patientReference(network, token)
  await block(network, patientId)
  await assertEmptyWithin(5000, { network, token, patient, samples })

  const emergency = await network.clinician(patient, {
    purpose: 'BTG',
    breakGlassReason: 'BLAALYS',
  })
  assert.equal((await findStudies(network, emergency, patient)).length, samples.length)
  const [first] = samples
  assert.ok(first)
  await assertRetrieved(network, emergency, first)
  assert.ok(await isFlagged(network), 'the override waits for the privacy officer')

  const verdict = await network.hub.json('audit', 'verify')
  assert.equal((verdict as { ok: boolean }).ok, true)
})

/** One object of every folder that holds patients' objects, and one of every transfer syntax. */
function prepareSamples(
  t: TestContext,
  folder: string,
  { dcmodify, patient }: { dcmodify: string; patient: string },
): readonly Sample[] {
  const workspace = fs.mkdtempSync(path.join(os.tmpdir(), 'samsyn-samples-'))
  t.after(() => {
    fs.rmSync(workspace, { recursive: true })
  })
  return sampleFiles(folder).map((file, index) => {
    const copy = path.join(workspace, String(index))
    fs.copyFileSync(file, copy)
    const studyUid = newUid()
    retag(dcmodify, copy, {
      patientId: patient,
      issuer: NATIONAL_ID_SYSTEM,
      name: 'Test^Kari',
      birthDate: '19850517',
      studyUid,
      seriesUid: newUid(),
      instanceUid: newUid(),
    })
    const name = path.relative(folder, file)
    return { name, studyUid, bytes: fs.readFileSync(copy), original: fs.readFileSync(file) }
  })
}

function sampleFiles(folder: string): readonly string[] {
  // A DICOMDIR and a hanging protocol are of no patient.
  const modalities = fs
    .readdirSync(folder)
    .filter((name) => !['dicomdir', 'hanging-protocol', 'transfer-syntax'].includes(name))
  const oneOfEach = modalities.flatMap((name) => filesIn(path.join(folder, name)).slice(0, 1))
  return [...oneOfEach, ...filesIn(path.join(folder, 'transfer-syntax'))]
}

function filesIn(folder: string): readonly string[] {
  return fs
    .readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.dcm'))
    .map((entry) => path.join(entry.parentPath, entry.name))
    .sort()
}

/** Returns what this Orthanc does not take: syntaxes younger than it is. */
async function fillArchive(
  orthanc: Orthanc,
  samples: readonly Sample[],
): Promise<readonly Sample[]> {
  const refused: Sample[] = []
  for (const sample of samples) if (!(await orthanc.store(sample.bytes))) refused.push(sample)
  assert.ok(refused.length < 3, refused.map(({ name }) => name).join())
  return refused
}

async function depositIn(network: Network, samples: readonly Sample[]): Promise<void> {
  const authorization = await network.system('north-archive')
  for (const { bytes, name } of samples) {
    const response = await fetch(`${network.hub.url}/dicom-web/studies`, {
      method: 'POST',
      headers: { authorization, 'content-type': 'application/dicom' },
      body: new Uint8Array(bytes),
    })
    assert.equal(response.status, 200, `${name}: ${await response.text()}`)
  }
}

async function syncArchive(network: Network, orthanc: Orthanc): Promise<void> {
  const { hub, members } = network
  const source = (await hub.json(
    ...['source', 'add', '--custodian', members.north, '--name', 'Orthanc'],
    ...['--url', orthanc.dicomweb, '--default-issuer', NATIONAL_ID_SYSTEM],
  )) as { id: string }
  await hub.json('source', 'sync', source.id)
}

// What comes back over a socket is untyped until it is asserted on.
async function searchFhir(
  network: Network,
  authorization: string,
  type: string,
  form: Record<string, string>,
): Promise<any> {
  const response = await fetch(`${network.hub.url}/fhir/${type}/_search`, {
    method: 'POST',
    headers: { authorization },
    body: new URLSearchParams(form),
  })
  const text = await response.text()
  assert.equal(response.status, 200, text)
  return JSON.parse(text)
}

async function findStudies(
  network: Network,
  authorization: string,
  patient: string,
): Promise<readonly string[]> {
  const bundle = await searchFhir(network, authorization, 'ImagingStudy', {
    'patient.identifier': `${NATIONAL_ID_SYSTEM}|${patient}`,
    _sort: '-started',
    _count: '200',
  })
  const studies: { resource: { identifier: { system: string; value: string }[] } }[] =
    bundle.entry ?? []
  return studies
    .map(({ resource }) => resource.identifier.find(({ system }) => system === 'urn:dicom:uid'))
    .map((identifier) => identifier?.value.replace('urn:oid:', '') ?? '')
    .sort()
}

async function retrieve(
  network: Network,
  authorization: string,
  studyUid: string,
): Promise<Response> {
  return fetch(`${network.hub.url}/dicom-web/studies/${studyUid}`, {
    headers: { authorization, accept: IMAGES },
  })
}

async function assertRetrieved(network: Network, token: string, sample: Sample): Promise<void> {
  const response = await retrieve(network, token, sample.studyUid)
  assert.equal(response.status, 200, sample.name)
  const [object, ...others] = await objectsOf(response)
  assert.ok(object)
  assert.deepEqual(others, [])
  assert.ok(object.equals(sample.bytes), `${sample.name}: not the bytes the source holds`)
  assert.ok(
    pixelsOf(object).equals(padded(pixelsOf(sample.original))),
    `${sample.name}: not the original's pixel data`,
  )
}

async function objectsOf(response: Response): Promise<readonly Buffer[]> {
  const boundary = /boundary="?([^";]+)/.exec(response.headers.get('content-type') ?? '')?.[1]
  assert.ok(response.body !== null && boundary !== undefined)
  const objects: Buffer[] = []
  for await (const part of readMultipart(response.body, boundary)) {
    const chunks: Buffer[] = []
    for await (const chunk of part.body) chunks.push(Buffer.from(chunk))
    objects.push(Buffer.concat(chunks))
  }
  return objects
}

const PIXEL_TAGS = [Buffer.from('e07f1000', 'hex'), Buffer.from('7fe00010', 'hex')]
const DEFLATED = Buffer.from('1.2.840.10008.1.2.1.99')

/** The value of the last Pixel Data element, fragments with their items; empty where there is none. */
function pixelsOf(file: Buffer): Buffer {
  const dataSet = 144 + file.readUInt32LE(140)
  const isDeflated = file.subarray(0, dataSet).includes(DEFLATED)
  const bytes = isDeflated ? inflateRawSync(file.subarray(dataSet)) : file.subarray(dataSet)
  const at = Math.max(...PIXEL_TAGS.map((tag) => bytes.lastIndexOf(tag)))
  if (at < 0) return Buffer.alloc(0)
  const isExplicit = /^O[BW]$/.test(bytes.toString('latin1', at + 4, at + 6))
  const lengthAt = isExplicit ? at + 8 : at + 4
  const isBigEndian = bytes[at] === 0x7f
  const length = isBigEndian ? bytes.readUInt32BE(lengthAt) : bytes.readUInt32LE(lengthAt)
  const value = bytes.subarray(lengthAt + 4)
  return length === 0xffff_ffff ? value : value.subarray(0, length)
}

/** dcmodify gives a value of odd length, which PS3.5 section 7.1.1 forbids, the padding it lacks. */
function padded(pixels: Buffer): Buffer {
  return pixels.length % 2 === 0 ? pixels : Buffer.concat([pixels, Buffer.alloc(1)])
}

async function disclosures(network: Network): Promise<readonly unknown[]> {
  const officer = await network.system('north-privacy')
  const bundle = await searchFhir(network, officer, 'AuditEvent', { _count: '200' })
  const events: { resource: { subtype?: { code: string }[] } }[] = bundle.entry ?? []
  return events.filter(({ resource }) => resource.subtype?.some(({ code }) => code === 'disclose'))
}

async function patientReference(network: Network, token: string): Promise<string> {
  const bundle = await searchFhir(network, token, 'Patient', {})
  return `Patient/${bundle.entry[0].resource.id}`
}

async function block(network: Network, patient: string): Promise<void> {
  const response = await fetch(`${network.hub.url}/fhir/Consent`, {
    method: 'POST',
    headers: {
      authorization: await network.system('recorder'),
      'content-type': 'application/fhir+json',
    },
    body: JSON.stringify(blockOf(patient)),
  })
  assert.equal(response.status, 201, await response.text())
}

interface Sight {
  readonly network: Network
  readonly token: string
  readonly patient: string
  readonly samples: readonly Sample[]
}

async function assertEmptyWithin(ms: number, sight: Sight): Promise<void> {
  const deadline = performance.now() + ms
  let seen = await whatIsSeen(sight)
  while (seen !== '' && performance.now() < deadline) {
    await sleep(100)
    seen = await whatIsSeen(sight)
  }
  assert.equal(seen, '', 'still seen after a block')
}

/** Empty once search, totals, QIDO-RS and WADO-RS all show nothing. */
async function whatIsSeen({ network, token, patient, samples }: Sight): Promise<string> {
  const found = await findStudies(network, token, patient)
  const { total } = await searchFhir(network, token, 'ImagingStudy', {
    _total: 'accurate',
    _count: '0',
  })
  const qido = await fetch(`${network.hub.url}/dicom-web/studies`, {
    headers: { authorization: token, accept: 'application/dicom+json' },
  })
  const listed = (await qido.json()) as unknown[]
  const wado = await retrieve(network, token, samples[0]?.studyUid ?? '')
  await wado.arrayBuffer()
  return [
    found.length > 0 && 'search',
    total !== 0 && 'total',
    listed.length > 0 && 'qido',
    wado.status !== 404 && 'wado',
  ]
    .filter((what) => what !== false)
    .join()
}

/** In the queue of the custodian's privacy officer, not merely in the log. */
async function isFlagged(network: Network): Promise<boolean> {
  const response = await fetch(`${network.hub.url}/admin/reviews`, {
    headers: { authorization: await network.system('north-privacy') },
  })
  const text = await response.text()
  assert.equal(response.status, 200, text)
  const reviews = JSON.parse(text) as unknown[]
  return reviews.length === 1 && text.includes('BLAALYS')
}
