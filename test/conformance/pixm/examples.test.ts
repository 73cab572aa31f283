/** IHE's own examples of PIXm and PDQm, where the machine that tests has them (SAMSYN_TEST_DATA). */
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { test } from 'node:test'
import { sampleFolder } from '../../support/samples.ts'
import { NORTH, startRegistry, type Answer, type Caller } from '../../support/registry.ts'

const FEED: Caller = {
  member: NORTH,
  actions: ['identify', 'link-patients'],
  filter: { kind: 'everything' },
}
const DOMAIN = 'urn:oid:1.3.6.1.4.1.21367.13.20'
const [RED, GREEN, BLUE] = ['1000', '2000', '3000'].map((one) => `${DOMAIN}.${one}`)
const skip = sampleFolder === undefined && 'SAMSYN_TEST_DATA is not set'

async function example(profile: string, name: string): Promise<any> {
  const file = path.join(sampleFolder ?? '', 'ihe', `IHE_ITI.${profile}`, 'visible', name)
  return JSON.parse(await readFile(file, 'utf8')) as unknown
}

function valuesOf({ status, body }: Answer): string[] {
  assert.equal(status, 200, JSON.stringify(body))
  const parameters: { valueIdentifier?: { value: string } }[] = body.parameter ?? []
  return parameters.flatMap((one) => one.valueIdentifier?.value ?? []).toSorted()
}

test(
  'Patients are fed, cross-referenced, corrected and resolved as the examples of PIXm say',
  { skip },
  async (t) => {
    const registry = await startRegistry(t)
    const feed = async (name: string, system: string | undefined, value: string): Promise<Answer> =>
      registry.send(FEED, 'PUT', `Patient?identifier=${String(system)}|${value}`, {
        body: await example('PIXm', name),
      })
    const pix = (system: string | undefined, value: string, more = ''): Promise<Answer> =>
      registry.ask(FEED, `Patient/$ihe-pix?sourceIdentifier=${String(system)}|${value}${more}`)

    assert.equal((await feed('Patient-MohrAlissa-Red.json', RED, 'IHERED-994')).status, 201)
    const alice = await feed('Patient-MohrAlice-Red.json', RED, 'IHERED-994')
    assert.deepEqual([alice.status, alice.body.name[0].given], [200, ['ALICE']])
    assert.equal((await feed('Patient-MohrAlice-Blue.json', BLUE, 'IHEBLUE-994')).status, 201)
    assert.equal((await feed('Patient-MohrAlice-Green.json', GREEN, 'IHEGREEN-994')).status, 201)
    // Name and birth date are the same, and link nobody.
    assert.deepEqual(valuesOf(await pix(RED, 'IHERED-994')), [])

    // One source that knows all three says that they are one person’s.
    const merged = await feed('Patient-MohrAlice.json', RED, 'IHERED-994')
    assert.equal(merged.status, 200, JSON.stringify(merged.body))
    assert.deepEqual(valuesOf(await pix(RED, 'IHERED-994')), ['IHEBLUE-994', 'IHEGREEN-994'])
    const blue = await pix(RED, 'IHERED-994', `&targetSystem=${String(BLUE)}`)
    assert.deepEqual(valuesOf(blue), ['IHEBLUE-994'])

    assert.equal((await feed('Patient-MaidenAlice-Red.json', RED, 'IHERED-m94')).status, 201)
    const resolved = await feed(
      'Patient-MohrMaidenResolvedByMohrMalice-Red.json',
      RED,
      'IHERED-m94',
    )
    assert.deepEqual([resolved.status, resolved.body.active], [200, false])
    assert.equal(resolved.body.link[0].other.reference, `Patient/${String(alice.body.id)}`)
    assert.ok(valuesOf(await pix(RED, 'IHERED-m94')).includes('IHERED-994'))

    assert.equal((await pix(RED, 'IHERED-000')).status, 404)
    assert.equal((await pix('urn:oid:2.999.7', '1')).status, 400)
    assert.equal((await pix(RED, 'IHERED-994', '&targetSystem=urn:oid:2.999.7')).status, 403)
  },
)

test('the examples of $match are answered in the form of its example', { skip }, async (t) => {
  const registry = await startRegistry(t)
  const known = await example('PDQm', 'Patient-ex-match-input-patient.json')
  const system = known.identifier[0].system
  const fed = await registry.send(
    FEED,
    'PUT',
    `Patient?identifier=${String(system)}|${String(known.identifier[0].value)}`,
    { body: known },
  )
  assert.equal(fed.status, 201, JSON.stringify(fed.body))
  const shape = await example('PDQm', 'Bundle-ex-match-output.json')
  for (const name of [
    'Parameters-ex-match-input-count.json',
    'Parameters-ex-match-input-patient-only.json',
    'Patient-ex-match-input-patient.json',
  ]) {
    const { status, body } = await registry.post(
      FEED,
      'Patient/$match',
      await example('PDQm', name),
    )
    assert.equal(status, 200, JSON.stringify(body))
    assert.equal(body.type, shape.type)
    assert.equal(body.total, 1)
    const [{ search, resource }] = body.entry
    assert.deepEqual(Object.keys(search).toSorted(), Object.keys(shape.entry[0].search).toSorted())
    assert.equal(search.extension[0].url, shape.entry[0].search.extension[0].url)
    assert.equal(resource.id, fed.body.id)
  }
})
