import assert from 'node:assert/strict'
import { after, before, test, type TestContext } from 'node:test'
import type { AccessFilter } from '../../../src/domain/access/filter.ts'
import { ctSeries, element, newUid, type CtOptions } from '../../support/dicom.ts'
import { createDatabase } from '../../support/database.ts'
import { startDicomweb, type DicomwebHub } from '../../support/dicomweb.ts'
import { custodian } from '../../support/register.ts'

const { pool } = await createDatabase({ after })
const [OSLO, BERGEN] = [custodian('oslo'), custodian('bergen')]
const [FIRST, SECOND, THIRD] = [newUid(), newUid(), newUid()]
const SERIES = newUid()

before(async (t) => {
  const hub = await startDicomweb(t as TestContext, pool)
  const put = (options: CtOptions, count: number) => hub.deposit(OSLO, ctSeries(count, options))
  const first = ctSeries(3, { studyUid: FIRST, seriesUid: SERIES, studyDate: '20240105' })
  await hub.deposit(OSLO, first)
  await put({ studyUid: FIRST, modality: 'SR', studyDate: '20240105' }, 1)
  await put(
    {
      studyUid: SECOND,
      studyDate: '20240611',
      patientId: '17858550120',
      patientName: 'Hansen^Kari',
      attributes: { '00080050': element('SH', 'B_7') },
    },
    2,
  )
  // The hub's own id of the patient, as a national id may not stand in a URL.
  await pool.query(`update resource set patient = 'hub-patient' where $1 = any(study_uids)`, [
    SECOND,
  ])
  await put({ studyUid: THIRD, studyDate: '20250314', modality: 'MR' }, 1)
  await hub.deposit(BERGEN, first.slice(0, 1))
})

async function start(t: TestContext, filter: AccessFilter = { kind: 'everything' }) {
  const hub = await startDicomweb(t, pool)
  hub.filter = filter
  return hub
}

async function find(hub: DicomwebHub, path: string) {
  const response = await fetch(`${hub.url}/${path}`)
  const body = await response.text()
  assert.equal(response.status, 200, body)
  return { results: JSON.parse(body) as Record<string, any>[], response }
}

const studies = (results: readonly Record<string, any>[]): readonly string[] =>
  results.map((result) => result['0020000D'].Value[0])

test('a study is found once, whoever holds copies, with what PS3.18 requires of it', async (t) => {
  const hub = await start(t)
  const { results, response } = await find(hub, `studies?StudyInstanceUID=${FIRST}`)
  assert.match(response.headers.get('content-type') ?? '', /^application\/dicom\+json/)
  assert.equal(results.length, 1)
  const [study = {}] = results
  assert.deepEqual(study['00080061'].Value.toSorted(), ['CT', 'SR'])
  assert.deepEqual(study['00201206'].Value, [2])
  assert.deepEqual(study['00201208'].Value, [4])
  assert.deepEqual(study['00081190'].Value, [`https://hub.example/dicom-web/studies/${FIRST}`])
  assert.deepEqual(study['00080056'].Value, ['ONLINE'])
  for (const tag of [
    '00080020',
    '00080030',
    '00080050',
    '00080090',
    '00100010',
    '00100020',
    '00100030',
    '00100040',
    '00200010',
  ])
    assert.ok(study[tag], tag)
  assert.deepEqual(Object.keys(study), Object.keys(study).toSorted())
})

for (const [query, expected] of [
  ['', [THIRD, SECOND, FIRST]],
  [`StudyInstanceUID=${FIRST},${THIRD}`, [THIRD, FIRST]],
  ['StudyDate=20240105', [FIRST]],
  ['StudyDate=20240601-', [THIRD, SECOND]],
  ['StudyDate=-20240601', [FIRST]],
  ['00080020=20240601-20241231', [SECOND]],
  ['StudyTime=1015', [THIRD, SECOND, FIRST]],
  ['StudyTime=1016-', []],
  ['AccessionNumber=B_7', [SECOND]],
  ['AccessionNumber=B?7', [SECOND]],
  ['AccessionNumber=B%25', []],
  ['AccessionNumber=*_*', [SECOND]],
  ['PatientName=hansen*', [SECOND]],
  ['PatientName=%C3%98DEG*', [THIRD, FIRST]],
  ['PatientName=hansen', []],
  ['AccessionNumber=12345678901', []],
  ['StudyInstanceUID=1.2.17858550084', []],
  ['ModalitiesInStudy=MR', [THIRD]],
  ['ModalitiesInStudy=SR', [FIRST]],
  ['PatientID=hub-patient', [SECOND]],
  ['PatientBirthDate=19850517&ModalitiesInStudy=CT&limit=1', [SECOND]],
  ['ReferringPhysicianName=Lege*&StudyID=S1&limit=1&offset=2', [FIRST]],
  ['offset=3', []],
] as const)
  test(`studies?${query} finds what matches`, async (t) => {
    const { results } = await find(await start(t), `studies?${query}`)
    assert.deepEqual(studies(results), expected)
  })

const INHERITED = ['constructor', 'toString', '__proto__', 'hasOwnProperty']

for (const query of [
  'PatientID=17858550084',
  'PatientID=12345678901',
  'PatientName=178585%2050084',
  'PatientName=17858550084',
  'AccessionNumber=17858550084',
  'Nonsense=1',
  ...INHERITED.flatMap((name) => [`${name}=1`, `includefield=${name}`, `PatientID.${name}=1`]),
  ...INHERITED.map((name) => `RequestAttributesSequence.${name}=1`),
  'PatientComments=x',
  'Modality=CT',
  'limit=-1',
  'limit=1&limit=2',
  'StudyDate=2024',
  'StudyDate=20240101-20240201-20240301',
  'StudyDate=20240101&00080020=20240101',
  'StudyInstanceUID=1.02',
  'includefield=all,00081030',
  'includefield=Nonsense',
  'fuzzymatching=perhaps',
])
  test(`studies?${query} is refused, and the value is not repeated`, async (t) => {
    const hub = await start(t)
    const response = await fetch(`${hub.url}/studies?${query}`)
    assert.equal(response.status, 400)
    assert.doesNotMatch(await response.text(), /17858550084/)
    assert.equal(hub.records.length, 0)
  })

test('a page says how much remains', async (t) => {
  const { results, response } = await find(await start(t), 'studies?limit=1&fuzzymatching=true')
  assert.equal(results.length, 1)
  const warning = response.headers.get('warning') ?? ''
  assert.match(
    warning,
    /299 https:\/\/hub\.example\/dicom-web: There are 2 additional results that can be requested/,
  )
  assert.match(warning, /Only literal matching has been performed/)
})

test('series and instances are found within their study, with its attributes where asked for', async (t) => {
  const hub = await start(t)
  const series = await find(hub, `studies/${FIRST}/series?Modality=CT&includefield=PatientName`)
  assert.equal(series.results.length, 1)
  const [found = {}] = series.results
  assert.deepEqual(found['0020000E'].Value, [SERIES])
  assert.deepEqual(found['00201209'].Value, [3])
  assert.deepEqual(found['00100010'].Value, [{ Alphabetic: 'Ødegård^Åse' }])
  assert.equal(found['00100020'], undefined)
  const instances = await find(hub, `studies/${FIRST}/series/${SERIES}/instances?InstanceNumber=2`)
  const [instance = {}] = instances.results
  assert.equal(instances.results.length, 1)
  assert.deepEqual(instance['00280010'].Value, [16])
  assert.deepEqual(instance['00083002'].Value, ['1.2.840.10008.1.2.1'])
  assert.match(instance['00081190'].Value[0], /\/series\/[\d.]+\/instances\/[\d.]+$/)
  assert.equal((await find(hub, `studies/${FIRST}/instances`)).results.length, 4)
  assert.equal((await find(hub, 'series?Modality=MR')).results.length, 1)
  const all = await find(hub, 'instances')
  assert.equal(all.results.length, 7)
  assert.ok(all.results[0]?.['00100020'])
})

test('a search shows nothing that the filter withholds, and counts nothing of it', async (t) => {
  const filter: AccessFilter = { kind: 'custodian', in: [BERGEN] }
  const hub = await start(t, filter)
  const { results, response } = await find(hub, 'studies?limit=1')
  assert.deepEqual(studies(results), [FIRST])
  assert.deepEqual(results[0]?.['00201208'].Value, [1])
  assert.equal(response.headers.get('warning'), null)
  assert.deepEqual((await find(await start(t, { kind: 'nothing' }), 'studies')).results, [])
})

test('each search is one audit record, in which no patient is named', async (t) => {
  const hub = await start(t)
  await find(hub, 'studies?PatientName=hansen*&StudyDate=20240611')
  assert.deepEqual(
    hub.records.map(({ act, entities }) => [act, entities]),
    [
      [
        'search',
        [
          {
            kind: 'query',
            query: 'studies?00100010=…&00080020=20240611-20240611&limit=1000&offset=0',
          },
        ],
      ],
    ],
  )
})

test('another media type than DICOM JSON is not offered', async (t) => {
  const hub = await start(t)
  const headers = { accept: 'multipart/related; type="application/dicom+xml"' }
  assert.equal((await fetch(`${hub.url}/studies`, { headers })).status, 406)
})

test('what no address may hold is refused by name, not an error of the hub', async (t) => {
  const hub = await start(t)
  for (const path of [
    'studies/%zz',
    'studies/%zz/metadata',
    'studies/%00',
    'studies?AccessionNumber=a%00b',
    'studies?PatientName=%00',
    'studies?StudyDescription=%1b*',
    'instances?00080018=%00',
    'studies?%00=1',
    'studies?includefield=%00',
    'studies?limit=%00',
  ])
    assert.equal((await fetch(`${hub.url}/${path}`)).status, 400, path)
})
