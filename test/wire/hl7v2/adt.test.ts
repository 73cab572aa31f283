import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readAdt } from '../../../src/wire/hl7v2/adt.ts'
import { Hl7Fault } from '../../../src/wire/hl7v2/fault.ts'
import { readMessage } from '../../../src/wire/hl7v2/message.ts'

const FNR = 'urn:oid:2.16.578.1.12.4.1.4.1'
const OWN = 'urn:oid:2.999.1'
const AUTHORITIES = { byName: { HUS: OWN }, default: undefined }

function read(event: string, ...segments: readonly string[]) {
  const header = `MSH|^~\\&|EPJ|HUS|SAMSYN||20260301120000||ADT^${event}|1|P|2.5|||||NOR|UNICODE UTF-8`
  const bytes = new TextEncoder().encode([header, ...segments].join('\r'))
  return readAdt(readMessage(bytes, { charset: 'utf-8' }), AUTHORITIES)
}

const PID =
  'PID|1||17858550084^^^FNR&2.16.578.1.12.4.1.4.1&ISO^FNR~H-1^^^HUS^MR^^20200101^20251231||' +
  'Ødegård^Kari^Anne^^^^L~Lie^Kari^^^^^M||19850517|F|||Storgata 1^^Bergen^^5003^NOR||55 55 55 55|||||||||||||||||N'

for (const event of ['A01', 'A04', 'A05', 'A08', 'A28', 'A31'])
  test(`${event} tells of a patient`, () => {
    const [first, ...others] = read(event, 'EVN|A01|20260301', PID)
    assert.deepEqual(others, [])
    assert.ok(first?.kind === 'told')
    const { ids, claim, names, address, phone, deceased } = first.patient
    assert.deepEqual(ids, [
      { system: FNR, value: '17858550084', start: undefined, end: undefined },
      { system: OWN, value: 'H-1', start: '2020-01-01', end: '2025-12-31' },
    ])
    assert.deepEqual([claim.birthDate, claim.sex], ['1985-05-17', 'female'])
    assert.deepEqual(names, [
      { use: 'official', family: 'Ødegård', given: ['Kari', 'Anne'] },
      { use: 'maiden', family: 'Lie', given: ['Kari'] },
    ])
    assert.deepEqual(address, {
      line: 'Storgata 1',
      city: 'Bergen',
      postalCode: '5003',
      country: 'NOR',
    })
    assert.deepEqual([phone, deceased], ['55 55 55 55', false])
  })

test('A40 says by pairs of PID and MRG which ids take the place of which', () => {
  const events = read(
    'A40',
    'EVN||20260301',
    'PID|1||H-1^^^HUS^MR',
    'MRG|H-2^^^HUS^MR',
    'PID|2||H-3^^^HUS^MR',
    'MRG|H-4^^^HUS^MR~H-5^^^HUS^MR',
  )
  const told = events.map((event) =>
    event.kind === 'merged'
      ? [event.survivor.ids.map(({ value }) => value), event.replaced.map(({ value }) => value)]
      : [],
  )
  assert.deepEqual(told, [
    [['H-1'], ['H-2']],
    [['H-3'], ['H-4', 'H-5']],
  ])
})

for (const [what, event, segments, place] of [
  ['an event of another kind', 'A24', [PID], 'MSH-9.2'],
  ['no PID', 'A28', ['EVN||20260301'], 'PID'],
  ['no id', 'A28', ['PID|1||'], 'PID(1)-3'],
  ['an id of an authority that is not the sender’s', 'A28', ['PID|1||X^^^OUS^MR'], 'PID(1)-3'],
  ['a merge without MRG', 'A40', [PID], 'MRG'],
  ['a merge without PID', 'A40', ['MRG|H-2^^^HUS^MR'], 'PID'],
  ['a merge of another’s id', 'A40', [PID, 'MRG|X^^^OUS^MR'], 'MRG(1)-1'],
  [
    'more merges than a person makes',
    'A40',
    Array.from({ length: 51 }, () => [PID, 'MRG|H-2^^^HUS^MR']).flat(),
    'MRG',
  ],
] as const)
  test(`${what} is refused with its place`, () => {
    assert.throws(
      () => read(event, ...segments),
      (error) => error instanceof Hl7Fault && error.problem.place === place,
    )
  })
