import assert from 'node:assert/strict'
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { test, type TestContext } from 'node:test'
import { startArchive, type Archive, type ArchiveHealth } from '../../src/demo/archive.ts'
import type { PhantomStudy } from '../../src/demo/phantoms/phantom-study.ts'
import { patientOf } from '../../src/demo/world-patients.ts'
import { readMultipart } from '../../src/wire/multipart/read-multipart.ts'

const CREDENTIALS = { username: 'hub', password: 'hemmelig' }
const AUTHORIZATION = `Basic ${Buffer.from('hub:hemmelig').toString('base64')}`

const RADIOGRAPH: PhantomStudy = {
  uid: '2.25.9001',
  modality: 'DX',
  patient: patientOf('ødegård'),
  date: '2026-03-12',
  time: '10:15',
  accession: 'NO1',
  description: 'RG thorax',
  bodyPart: 'CHEST',
  institution: 'Nordfjell',
  referrer: 'Nordmo^Kari',
  namesIssuer: true,
}
const HEAD: PhantomStudy = { ...RADIOGRAPH, uid: '2.25.9002', modality: 'MR', date: '2025-01-02' }

async function directory(t: TestContext): Promise<string> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'samsyn-archive-'))
  t.after(() => rm(folder, { recursive: true }))
  return folder
}

async function start(
  t: TestContext,
  health: ArchiveHealth = { kind: 'normal' },
): Promise<{ readonly archive: Archive; readonly folder: string }> {
  const folder = await directory(t)
  const archive = await startArchive({
    directory: folder,
    studies: [RADIOGRAPH, HEAD],
    credentials: CREDENTIALS,
    health,
  })
  t.after(() => archive.close())
  return { archive, folder }
}

function ask(
  archive: Archive,
  where: string,
  accept = 'application/dicom+json',
): Promise<Response> {
  return fetch(archive.url + where, { headers: { authorization: AUTHORIZATION, accept } })
}

type Found = Readonly<Record<string, { readonly Value?: readonly unknown[] }>>

async function search(archive: Archive, where: string): Promise<readonly Found[]> {
  const response = await ask(archive, where)
  assert.equal(response.status, 200)
  return (await response.json()) as Found[]
}

void test('a caller without the right credentials is refused', async (t) => {
  const { archive } = await start(t)
  const response = await fetch(`${archive.url}/studies`)
  assert.equal(response.status, 401)
  assert.match(response.headers.get('www-authenticate') ?? '', /^Basic/)
})

void test('studies are found with their counts and modalities', async (t) => {
  const { archive } = await start(t)
  const studies = await search(archive, '/studies')
  const head = studies.find((study) => study['0020000D']?.Value?.[0] === HEAD.uid)
  assert.equal(studies.length, 2)
  assert.deepEqual(head?.['00201208']?.Value, [24])
  assert.deepEqual(head['00201206']?.Value, [2])
  assert.deepEqual(head['00080061']?.Value, ['MR'])
})

void test('studies are matched by UID, by date range, by accession and by a wildcard name', async (t) => {
  const { archive } = await start(t)
  for (const query of [
    'StudyInstanceUID=2.25.9001',
    '00080020=20260101-20261231',
    'ModalitiesInStudy=DX',
    'PatientName=ødeg*&ModalitiesInStudy=DX',
  ])
    assert.deepEqual(
      (await search(archive, `/studies?${query}`)).map((study) => study['0020000D']?.Value?.[0]),
      [RADIOGRAPH.uid],
      query,
    )
})

void test('a page says how many results remain', async (t) => {
  const { archive } = await start(t)
  const response = await ask(archive, `/studies/${HEAD.uid}/instances?limit=10&offset=10`)
  assert.equal(((await response.json()) as unknown[]).length, 10)
  assert.match(response.headers.get('warning') ?? '', /There are 4 additional results/)
})

void test('series and instances are found under their study', async (t) => {
  const { archive } = await start(t)
  const series = await search(archive, `/studies/${HEAD.uid}/series`)
  assert.deepEqual(
    series.map((one) => one['00201209']?.Value),
    [[12], [12]],
  )
  const uid = String(series[0]?.['0020000E']?.Value?.[0])
  assert.equal((await search(archive, `/studies/${HEAD.uid}/series/${uid}/instances`)).length, 12)
})

void test('metadata holds no pixel data and tells the transfer syntax', async (t) => {
  const { archive } = await start(t)
  const metadata = await search(archive, `/studies/${RADIOGRAPH.uid}/metadata`)
  assert.equal(metadata.length, 1)
  assert.equal(metadata[0]?.['7FE00010'], undefined)
  assert.deepEqual(metadata[0]?.['00083002']?.Value, ['1.2.840.10008.1.2.1'])
})

void test('a study is sent as the very files that are kept', async (t) => {
  const { archive, folder } = await start(t)
  const response = await ask(
    archive,
    `/studies/${HEAD.uid}`,
    'multipart/related; type="application/dicom"; transfer-syntax=*',
  )
  const boundary = /boundary=(.+)$/.exec(response.headers.get('content-type') ?? '')?.[1]
  assert(response.body !== null && boundary !== undefined)
  let objects = 0
  for await (const part of readMultipart(response.body, boundary)) {
    const chunks: Uint8Array[] = []
    for await (const chunk of part.body) chunks.push(Buffer.from(chunk))
    const location = part.headers.get('content-location') ?? ''
    const kept = await readFile(path.join(folder, `${path.basename(location)}.dcm`))
    assert(kept.equals(Buffer.concat(chunks)))
    objects += 1
  }
  assert.equal(objects, 24)
})

void test('what is not there is 404', async (t) => {
  const { archive } = await start(t)
  assert.equal((await ask(archive, '/studies/2.25.404', '*/*')).status, 404)
  assert.equal((await ask(archive, '/patients')).status, 404)
})

void test('a moody archive answers, then does not', async (t) => {
  const { archive } = await start(t, { kind: 'moody', upMs: 0, downMs: 60_000 })
  assert.equal((await ask(archive, '/studies')).status, 503)
  await assert.rejects(ask(archive, `/studies/${HEAD.uid}/metadata`))
})

void test('a second start finds its objects and writes none', async (t) => {
  const { archive, folder } = await start(t)
  await archive.close()
  const files = await readdir(folder)
  const before = await Promise.all(files.map((file) => stat(path.join(folder, file))))
  const again = await startArchive({
    directory: folder,
    studies: [RADIOGRAPH, HEAD],
    credentials: CREDENTIALS,
    health: { kind: 'normal' },
  })
  t.after(() => again.close())
  const after = await Promise.all(files.map((file) => stat(path.join(folder, file))))
  assert.equal(files.length, 25)
  assert.deepEqual(
    after.map(({ mtimeMs }) => mtimeMs),
    before.map(({ mtimeMs }) => mtimeMs),
  )
})
