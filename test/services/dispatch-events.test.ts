import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import type { PatientId, ImagingStudyId } from '../../src/kernel/ids.ts'
import { markSettled } from '../../src/storage/studies.ts'
import { SUBSCRIPTION_TOPICS } from '../../src/wire/fhir/subscription-topics-table.ts'
import * as worlds from '../support/access-worlds.ts'
import {
  ownStudy,
  startReceiver,
  startSubscribers,
  studyResource,
  told,
  type Receiver,
  type SubscriberWorld,
} from '../support/subscribers.ts'

async function subscribed(
  t: TestContext,
  over: object,
): Promise<{ readonly world: SubscriberWorld; readonly receiver: Receiver }> {
  const receiver = await startReceiver(t)
  const world = await startSubscribers(t, { hooks: [receiver.url] })
  await world.subscribe({ endpoint: receiver.url, ...over })
  await world.settle()
  return { world, receiver }
}

function focuses(receiver: Receiver): readonly (string | undefined)[] {
  return told(receiver).map(({ focus }) => focus)
}

const DCM = 'http://dicom.nema.org/resources/ontology/DCM'
const modality = (code: string): object => ({ series: [{ modality: { system: DCM, code } }] })

test('where nobody subscribes, nothing is captured', async (t) => {
  const world = await startSubscribers(t)
  await world.put(studyResource('one'), ownStudy())
  await world.subscribe({ channelType: 'websocket', topic: 'task' })
  await world.put(studyResource('two'), ownStudy())
  const { rows } = await world.access.pool.query('select from captured_event')
  assert.equal(rows.length, 0)
})

test('filters all hold, in whichever form they are written', async (t) => {
  const { world, receiver } = await subscribed(t, {
    filters: [
      `ImagingStudy?modality=${DCM}|CT,MR`,
      'status:not=cancelled',
      'ImagingStudy.custodian=org-a',
    ],
  })
  await world.put(studyResource('ct', modality('CT')), ownStudy())
  await world.put(studyResource('us', modality('US')), ownStudy())
  await world.put(studyResource('mr', modality('MR')), ownStudy())
  await world.put(studyResource('no', { ...modality('MR'), status: 'cancelled' }), ownStudy())
  await world.settle()
  assert.deepEqual(focuses(receiver), ['ImagingStudy/ct', 'ImagingStudy/mr'])
})

test('a filter by patient looks at that patient alone', async (t) => {
  const { world, receiver } = await subscribed(t, {
    filters: [`patient=Patient/${worlds.PATIENT}`],
  })
  await world.put(studyResource('hers'), ownStudy())
  await world.put(studyResource('not-hers'), ownStudy({ patient: 'patient-2' as PatientId }))
  await world.put(studyResource('nobodys'), ownStudy({ patient: null }))
  await world.settle()
  assert.deepEqual(focuses(receiver), ['ImagingStudy/hers'])
})

test('a filter is judged for the version that was written, whatever came after', async (t) => {
  const { world, receiver } = await subscribed(t, { filters: ['status=available'] })
  await world.put(studyResource('one'), ownStudy())
  await world.put(studyResource('one', { status: 'cancelled' }), ownStudy())
  await world.settle()
  assert.equal(told(receiver).length, 1)
})

test('a study that grows is told of once it has settled', async (t) => {
  const { world, receiver } = await subscribed(t, {})
  const { pool, clock } = world.access
  await pool.query(
    `insert into study (imaging_study, custodian, study_uid, patient, attributes, registered_at, changed_at)
     values ('growing', 'org-a', '1.2.9', $1, '{}', $2, $2)`,
    [worlds.PATIENT, clock()],
  )
  await world.put(studyResource('growing'), ownStudy())
  await world.settle()
  assert.deepEqual(focuses(receiver), [])
  const id = 'growing' as ImagingStudyId
  assert.ok(await markSettled(pool, id, { at: clock(), quietSince: clock() }))
  await world.settle()
  assert.deepEqual(focuses(receiver), ['ImagingStudy/growing'])
  await world.put(studyResource('growing'), ownStudy())
  await world.settle()
  assert.equal(told(receiver).length, 2)
})

test('reports, tasks and consents have topics of their own', async (t) => {
  const receiver = await startReceiver(t)
  const world = await startSubscribers(t, { hooks: [receiver.url] })
  for (const topic of ['diagnostic-report', 'task', 'consent'])
    await world.subscribe({ endpoint: receiver.url, topic })
  await world.settle()
  const own = ownStudy()
  await world.put({ resourceType: 'DiagnosticReport', id: 'report', status: 'final' }, own)
  await world.put({ resourceType: 'Task', id: 'task', status: 'requested' }, own)
  await world.put({ resourceType: 'Consent', id: 'consent', status: 'active' }, own)
  await world.put(studyResource('study'), own)
  await world.settle()
  assert.deepEqual(focuses(receiver).toSorted(), [
    'Consent/consent',
    'DiagnosticReport/report',
    'Task/task',
  ])
})

test('what is captured is what topics are about', async (t) => {
  const world = await startSubscribers(t)
  const { rows } = await world.access.pool.query<{ sql: string }>(
    `select pg_get_triggerdef(oid) as sql from pg_trigger where tgname = 'capture_resource' and tgparentid = 0`,
  )
  for (const { type } of SUBSCRIPTION_TOPICS)
    assert.match(rows[0]?.sql ?? '', new RegExp(`'${type}'`))
})

test('each topic’s filters are parameters that can be judged', async (t) => {
  const world = await startSubscribers(t)
  for (const { code, filters } of SUBSCRIPTION_TOPICS)
    for (const filter of filters)
      await world.subscribe({ channelType: 'websocket', topic: code, filters: [`${filter}=a`] })
})
