import assert from 'node:assert/strict'
import { test } from 'node:test'
import { INVESTIGATION_STATUSES } from '../../../src/wire/kith/status-table.ts'
import { KITH_STRANGER, kithMessage, kithReport, kithResult } from '../../support/kith.ts'
import {
  ANNE,
  CLINICIAN,
  idsOf,
  PUBLISHER,
  putPatients,
  startRegistry,
  type Answer,
  type Caller,
  type Registry,
} from '../../support/registry.ts'

interface Sending {
  readonly caller?: Caller
  readonly type?: string
  readonly encoding?: BufferEncoding
}

const send = (
  registry: Registry,
  text: string,
  { caller = PUBLISHER, type = 'application/xml', encoding = 'utf8' }: Sending = {},
): Promise<Answer> =>
  registry.ask(caller, 'DiagnosticReport/$submit-kith', {
    method: 'POST',
    body: Buffer.from(text, encoding),
    headers: { 'content-type': type },
  })

/** By part name, of the first report. */
const partsOf = ({ body }: Answer): Record<string, any> =>
  Object.fromEntries(
    body.parameter[0].part.map(({ name, ...value }: any) => [name, Object.values(value)[0]]),
  )

test('a svarrapport becomes a report that clinicians of the patient’s find', async (t) => {
  const registry = await startRegistry(t)
  await putPatients(registry)
  for (const [encoding, id] of [
    ['latin1', 'SVAR-L'],
    ['utf8', 'SVAR-U'],
  ] as const) {
    const declared = encoding === 'latin1' ? 'ISO-8859-1' : 'UTF-8'
    const message = kithMessage({ encoding: declared, reports: [kithReport({ id })] })
    const answer = await send(registry, message, { encoding })
    assert.equal(answer.status, 200)
    const { reference, outcome, identityUnclear } = partsOf(answer)
    assert.deepEqual([outcome, identityUnclear], ['filed', false])
    const { body } = await registry.ask(CLINICIAN, reference.reference)
    assert.deepEqual(body.subject, { reference: `Patient/${ANNE}` })
    assert.equal(body.conclusion, 'Leveren er stor, æøå.')
    assert.equal(body.code.coding[0].code, 'SJJ0AK')
    assert.equal(body.category[1].coding[0].code, 'UL')
    assert.equal(body.contained[0].requester.identifier.value, '9999001')
  }
  const found = await registry.search(CLINICIAN, 'DiagnosticReport', { accession: 'AKS-1' })
  assert.equal(idsOf(found).length, 2)
})

for (const code of Object.keys(INVESTIGATION_STATUSES)) {
  test(`a report whose investigation has status ${code} is valid and kept`, async (t) => {
    const registry = await startRegistry(t)
    await putPatients(registry)
    const reports = [kithReport({ results: kithResult({ status: code }) })]
    const answer = await send(registry, kithMessage({ reports }))
    assert.equal(answer.status, 200)
    const { body } = await registry.ask(CLINICIAN, partsOf(answer).reference.reference)
    assert.equal(body.status, INVESTIGATION_STATUSES[code])
  })
}

test('versions are of one report, also when the whole is cancelled', async (t) => {
  const registry = await startRegistry(t)
  await putPatients(registry)
  const versions = [
    kithReport({
      status: 'P',
      results: kithResult({ status: '2' }),
      issued: '2026-01-10T10:00:00',
    }),
    kithReport({ issued: '2026-01-10T11:00:00' }),
    kithReport({ issued: '2026-01-10T09:00:00', status: 'P' }),
    kithReport({ servType: 'C', issued: '2026-01-10T11:00:00' }),
  ]
  const outcomes: string[] = []
  const references = new Set<string>()
  for (const [minute, report] of versions.entries()) {
    const genDate = `2026-01-12T12:0${minute}:00`
    const parts = partsOf(await send(registry, kithMessage({ genDate, reports: [report] })))
    outcomes.push(parts.outcome)
    references.add(parts.reference.reference)
  }
  assert.deepEqual(outcomes, ['filed', 'filed', 'overtaken', 'filed'])
  const [reference = ''] = references
  assert.equal(references.size, 1)
  const { body } = await registry.ask(CLINICIAN, reference)
  assert.deepEqual([body.status, body.meta.versionId], ['entered-in-error', '3'])
})

test('a patient known by birth date alone is nobody’s until a person has looked', async (t) => {
  const registry = await startRegistry(t)
  await putPatients(registry)
  const answer = await send(
    registry,
    kithMessage({ reports: [kithReport({ patient: KITH_STRANGER })] }),
  )
  assert.equal(partsOf(answer).identityUnclear, true)
  for (const caller of [CLINICIAN, PUBLISHER])
    assert.equal((await registry.ask(caller, partsOf(answer).reference.reference)).status, 404)
})

test('several reports are taken together or not at all', async (t) => {
  const registry = await startRegistry(t)
  await putPatients(registry)
  const good = kithReport()
  const bad = kithReport({ id: 'SVAR-2', category: 'CLIN' })
  assert.equal((await send(registry, kithMessage({ reports: [good, bad] }))).status, 422)
  const { rows } = await registry.pool.query(
    `select id from resource where type = 'DiagnosticReport'`,
  )
  assert.deepEqual(rows, [])
  const both = await send(registry, kithMessage({ reports: [good, kithReport({ id: 'SVAR-2' })] }))
  assert.equal(both.body.parameter.length, 2)
})

const ROOM: Caller = { ...CLINICIAN, actions: ['read-report'] }

for (const [name, status, text, options] of [
  ['JSON', 415, '{}', { type: 'application/fhir+json' }],
  ['no XML', 400, 'MSH|', {}],
  ['a DOCTYPE', 400, `<!DOCTYPE a>${kithMessage().replace(/<\?xml.*\?>/, '')}`, {}],
  ['a laboratory’s report', 422, kithMessage({ reports: [kithReport({ category: 'CLIN' })] }), {}],
  ['a token without publishing', 403, kithMessage(), { caller: ROOM }],
] as const) {
  test(`${name} is refused with ${status}`, async (t) => {
    const registry = await startRegistry(t)
    const answer = await send(registry, text, options)
    assert.equal(answer.status, status)
    assert.equal(answer.body.resourceType, 'OperationOutcome')
    assert.doesNotMatch(JSON.stringify(answer.body), /17858550084/)
  })
}
