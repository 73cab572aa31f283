/** Mobile Patient Identifier Cross-reference Query [ITI-83] over HTTP. */
import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import {
  ANNE,
  ANNES_NUMBER,
  BERIT,
  CLINICIAN,
  NATIONAL,
  NORTH,
  putPatients,
  putStudy,
  startRegistry,
  WEST,
  type Answer,
  type Caller,
  type Registry,
} from '../../../support/registry.ts'

const SEEKER: Caller = { member: WEST, actions: ['identify'], filter: { kind: 'nothing' } }
const NORTHS = 'urn:oid:2.999.1'
const WESTS = 'urn:oid:2.999.2'

/** Anne is known at both, by studies and by ids; Berit at North alone. */
async function start(t: TestContext): Promise<Registry> {
  const registry = await startRegistry(t)
  await putPatients(registry)
  await putStudy(registry, { id: 'a1', patient: ANNE, custodian: NORTH })
  await putStudy(registry, { id: 'b1', patient: BERIT, custodian: NORTH })
  for (const [system, value, patient, custodian] of [
    [NORTHS, 'N-1', ANNE, NORTH],
    [WESTS, 'W-1', ANNE, WEST],
    [NORTHS, 'N-2', BERIT, NORTH],
  ])
    await registry.pool.query(
      'insert into patient_identifier (system, value, patient, custodian) values ($1, $2, $3, $4)',
      [system, value, patient, custodian],
    )
  return registry
}

const ask = (registry: Registry, source: string, targets: readonly string[] = [], by = SEEKER) =>
  registry.ask(
    by,
    `Patient/$ihe-pix?${new URLSearchParams([
      ['sourceIdentifier', source],
      ...targets.map((target): [string, string] => ['targetSystem', target]),
    ]).toString()}`,
  )
const post = (registry: Registry, source: string, targets: readonly string[] = [], by = SEEKER) =>
  registry.post(by, 'Patient/$ihe-pix', {
    resourceType: 'Parameters',
    parameter: [
      { name: 'sourceIdentifier', valueString: source },
      ...targets.map((valueString) => ({ name: 'targetSystem', valueString })),
    ],
  })

function told({ status, body }: Answer): string[] {
  assert.equal(status, 200, JSON.stringify(body))
  assert.equal(body.resourceType, 'Parameters')
  return (body.parameter ?? []).map(
    (one: { valueIdentifier?: { value: string }; valueReference?: { reference: string } }) =>
      one.valueIdentifier?.value ?? one.valueReference?.reference,
  )
}

test('one’s own id leads to the number and the Patient, and not to where else the person was', async (t) => {
  const registry = await start(t)
  const answer = await ask(registry, `${WESTS}|W-1`)
  assert.deepEqual(told(answer), [ANNES_NUMBER, `Patient/${ANNE}`])
  assert.deepEqual(answer.body.parameter[0].valueIdentifier, {
    use: 'official',
    system: NATIONAL,
    value: ANNES_NUMBER,
    assigner: { display: 'Folkeregisteret' },
  })
})

test('a number leads to one’s own id, asked for in a body', async (t) => {
  const registry = await start(t)
  const answer = await post(registry, `${NATIONAL}|${ANNES_NUMBER}`)
  assert.deepEqual(told(answer), ['W-1', `Patient/${ANNE}`])
  const inUrl = await ask(registry, `${NATIONAL}|${ANNES_NUMBER}`)
  assert.equal(inUrl.status, 400)
  assert.doesNotMatch(JSON.stringify([inUrl.body, registry.lines]), new RegExp(ANNES_NUMBER))
  assert.doesNotMatch(JSON.stringify(registry.audit), new RegExp(ANNES_NUMBER))
  const form = new URLSearchParams({ sourceIdentifier: `${NATIONAL}|${ANNES_NUMBER}` })
  const sent = await registry.ask(SEEKER, 'Patient/$ihe-pix', { method: 'POST', body: form })
  assert.deepEqual(told(sent), ['W-1', `Patient/${ANNE}`])
})

test('who sees another’s material of the person knows its id, by which the person is found too', async (t) => {
  const registry = await start(t)
  const answer = await ask(registry, `${WESTS}|W-1`, [], CLINICIAN)
  assert.deepEqual(told(answer), [ANNES_NUMBER, 'N-1', `Patient/${ANNE}`])
  assert.deepEqual(told(await ask(registry, `${NORTHS}|N-1`, [], CLINICIAN)), [
    ANNES_NUMBER,
    'W-1',
    `Patient/${ANNE}`,
  ])
})

test('who sees nothing of a person knows of none: it is the answer to an id that is not there', async (t) => {
  const registry = await start(t)
  const unknown = await ask(registry, `${WESTS}|W-9`)
  assert.equal(unknown.status, 404)
  assert.deepEqual(unknown.body.issue, [
    {
      severity: 'error',
      code: 'not-found',
      diagnostics: 'sourceIdentifier Patient Identifier not found',
    },
  ])
  // Seen in the network, and another custodian's.
  const others = await ask(registry, `${NORTHS}|N-1`)
  assert.equal(others.status, 400)
  const norths: Caller = { ...SEEKER, member: NORTH }
  assert.equal((await ask(registry, `${WESTS}|W-1`, [], norths)).status, 400)
  const hidden = await ask(registry, `${NORTHS}|N-2`, [], CLINICIAN)
  assert.equal(hidden.status, 400)
  assert.equal(
    (await ask(registry, `${registry.base}|Patient/${BERIT}`, [], CLINICIAN)).status,
    404,
  )
})

test('domains are chosen, the hub’s own among them', async (t) => {
  const registry = await start(t)
  assert.deepEqual(told(await ask(registry, `${WESTS}|W-1`, [NATIONAL])), [ANNES_NUMBER])
  assert.deepEqual(told(await ask(registry, `${WESTS}|W-1`, [registry.base])), [`Patient/${ANNE}`])
  assert.deepEqual(told(await ask(registry, `${WESTS}|W-1`, [WESTS])), [])
  const both = await ask(registry, `${WESTS}|W-1`, [NATIONAL, registry.base])
  assert.deepEqual(told(both), [ANNES_NUMBER, `Patient/${ANNE}`])
  const byId = await ask(registry, `${registry.base}|Patient/${ANNE}`, [], CLINICIAN)
  assert.deepEqual(told(byId), [ANNES_NUMBER, 'N-1', 'W-1'])
})

test('a domain that is unknown is named as the profile says', async (t) => {
  const registry = await start(t)
  const source = await ask(registry, 'urn:oid:2.999.9|1')
  assert.equal(source.status, 400)
  assert.deepEqual(source.body.issue, [
    {
      severity: 'error',
      code: 'code-invalid',
      diagnostics: 'sourceIdentifier Assigning Authority not found',
    },
  ])
  const target = await ask(registry, `${WESTS}|W-1`, [NATIONAL, 'urn:oid:2.999.9'])
  assert.equal(target.status, 403)
  assert.deepEqual(target.body.issue, [
    { severity: 'error', code: 'code-invalid', diagnostics: 'targetSystem not found' },
  ])
})

test('an id of two persons at two custodians leads to neither', async (t) => {
  const registry = await start(t)
  const caller: Caller = { ...CLINICIAN, filter: { kind: 'everything' } }
  await registry.pool.query(
    `insert into patient_identifier (system, value, patient, custodian) values ($1, 'W-1', $2, 'north')`,
    [WESTS, BERIT],
  )
  assert.equal((await ask(registry, `${WESTS}|W-1`, [], caller)).status, 404)
})

for (const query of [
  '',
  '?sourceIdentifier=W-1',
  `?sourceIdentifier=${WESTS}|`,
  `?sourceIdentifier=${WESTS}|1&sourceIdentifier=${WESTS}|2`,
  `?sourceIdentifier=${WESTS}|1&targetSystem=`,
  `?sourceIdentifier=${WESTS}|1&target=x`,
])
  test(`${query || 'nothing'} is no question`, async (t) => {
    const registry = await start(t)
    assert.equal((await registry.ask(SEEKER, `Patient/$ihe-pix${query}`)).status, 400)
  })

test('the log has whose ids were told', async (t) => {
  const registry = await start(t)
  await ask(registry, `${WESTS}|W-1`)
  const record = registry.audit.at(-1)
  assert.deepEqual([record?.act, record?.patient, record?.outcome], ['operation', ANNE, '0'])
  await ask(registry, `${WESTS}|W-9`)
  assert.deepEqual(
    [registry.audit.at(-1)?.outcome, registry.audit.at(-1)?.patient],
    ['4', undefined],
  )
  const publishing: Caller = { ...SEEKER, actions: ['publish'] }
  assert.equal((await ask(registry, `${WESTS}|W-1`, [], publishing)).status, 403)
})
