import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import type { ImageSource } from '../../src/domain/imaging/source.ts'
import type { SourceId } from '../../src/kernel/ids.ts'
import { examineSource } from '../../src/services/test-source.ts'
import { makeDicomwebSources } from '../../src/sources/dicomweb.ts'
import { makeEgress } from '../../src/sources/egress.ts'
import { ctSeries } from '../support/dicom.ts'
import { sendJson, startSource } from '../support/misbehaving-source.ts'
import { custodian } from '../support/register.ts'

function examine(t: TestContext, url: string) {
  const egress = makeEgress({ allow: ['loopback'] })
  t.after(() => egress.close())
  const source: ImageSource = {
    id: 'source-1' as SourceId,
    custodian: custodian('oslo'),
    name: 'Archive',
    settings: { url, credentials: { kind: 'none' } },
    timeZone: 'Europe/Oslo',
    characterSet: 'ISO_IR 100',
    active: true,
  }
  return examineSource(source, makeDicomwebSources(egress))
}

test('a source that does all the hub will ask of it passes step by step', async (t) => {
  const source = await startSource(t, ctSeries(2))
  const { ok, steps } = await examine(t, source.url)
  assert.equal(ok, true)
  assert.deepEqual(
    steps.map((step) => [step.name, step.ok]),
    [
      ['search', true],
      ['metadata', true],
      ['retrieve', true],
    ],
  )
  assert.match(steps[2]?.text ?? '', /1\.2\.840\.10008\.1\.2\.1/)
})

test('an empty archive passes', async (t) => {
  const source = await startSource(t)
  const { ok, steps } = await examine(t, source.url)
  assert.equal(ok, true)
  assert.match(steps[0]?.text ?? '', /no study yet/)
})

test('the step that fails is named, and what worked before it', async (t) => {
  const source = await startSource(t, ctSeries(1))
  source.retrieve = (res) => sendJson(res, [])
  const { ok, steps, problem } = await examine(t, source.url)
  assert.equal(ok, false)
  assert.deepEqual(
    steps.map((step) => step.ok),
    [true, true, false],
  )
  assert.match(problem ?? '', /^retrieve: The source answered with another media type/)
})
