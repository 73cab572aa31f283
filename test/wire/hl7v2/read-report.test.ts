import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ReceivedReport } from '../../../src/domain/imaging/report.ts'
import { readMessage } from '../../../src/wire/hl7v2/message.ts'
import { readReports } from '../../../src/wire/hl7v2/read-report.ts'
import {
  OBSERVATION_STATUSES,
  RESULT_STATUSES,
} from '../../../src/wire/hl7v2/report-status-table.ts'

const READING = { authorities: { byName: {} }, timeZone: 'Europe/Oslo' }
const PID = 'PID|1||17858550084^^^^FNR||Ødegård^Anne||19850517|F'

const read = (...segments: readonly string[]): readonly ReceivedReport[] => {
  const lines = [
    'MSH|^~\\&|RIS|NORTH|HUB|HUB|20260110120000||ORU^R01|1|P|2.5||||||UNICODE UTF-8',
    ...segments,
  ]
  return readReports(
    readMessage(Buffer.from(`${lines.join('\r')}\r`), { charset: 'ascii' }),
    READING,
  )
}

const one = (...segments: readonly string[]): ReceivedReport => {
  const [report, ...others] = read(PID, ...segments)
  assert.ok(report)
  assert.deepEqual(others, [])
  return report
}

/** OBR with values at the standard's numbers. */
const obr = (fields: Readonly<Record<number, string>>): string => {
  const cells = Array.from({ length: 40 }, (_, index) => fields[index] ?? '')
  cells[0] = 'OBR'
  return cells.join('|').replace(/\|+$/, '')
}

const OBR = { 3: 'F-1', 4: 'SJJ0AK^UL Lever^NCRP', 22: '20260110113000+0100', 25: 'F' }

test('a report is read with who, what, when and by whom', () => {
  const report = one(
    'ORC|RE|P-1|F-1|||||||||9144900^Lin^Rita^^^^^^HPR',
    obr({
      ...OBR,
      2: 'P-1',
      7: '20260110093000',
      18: 'A-1',
      24: 'RUS',
      31: '^Smerter',
      32: '9144889&Koman&Magnar&&&&&&HPR',
    }),
    'IPC|A-1||1.2.826.0.1.3680043.8.498.1',
    'OBX|1|TX|GDT||Leveren er stor.||||||F',
    'OBX|2|TX|GDT||Ingen fokale lesjoner.||||||F',
    'OBX|3|TX|IMP||Hepatomegali.||||||F',
  )
  assert.deepEqual(report.identifier, { value: 'F-1' })
  assert.equal(report.status, 'final')
  assert.equal(report.issued.toISOString(), '2026-01-10T10:30:00.000Z')
  assert.equal(report.examined?.dateTime, '2026-01-10T09:30:00+01:00')
  assert.deepEqual(report.accessions, ['A-1'])
  assert.deepEqual(report.orders, ['P-1'])
  assert.deepEqual(report.studyUids, ['1.2.826.0.1.3680043.8.498.1'])
  assert.deepEqual(report.procedures, [
    { system: 'urn:oid:2.16.578.1.12.4.1.1.7270', code: 'SJJ0AK', display: 'UL Lever' },
  ])
  assert.deepEqual(report.responsible, [
    { value: '9144889', name: 'Magnar Koman', system: 'urn:oid:2.16.578.1.12.4.1.4.4' },
  ])
  assert.deepEqual(report.requester, {
    value: '9144900',
    name: 'Rita Lin',
    system: 'urn:oid:2.16.578.1.12.4.1.4.4',
  })
  assert.equal(report.reason, 'Smerter')
  assert.deepEqual(
    report.sections.map(({ text, concludes }) => [text, concludes]),
    [
      ['Leveren er stor.\nIngen fokale lesjoner.', false],
      ['Hepatomegali.', true],
    ],
  )
  assert.equal(report.patient.familyName, 'Ødegård')
})

test('without an accession number of its own place the filler’s number stands for it', () => {
  assert.deepEqual(one(obr(OBR), 'OBX|1|TX|||x||||||F').accessions, ['F-1'])
})

test('a study is named by ZDS as well', () => {
  const report = one(obr(OBR), 'ZDS|1.2.3^SYS^Application^DICOM', 'OBX|1|TX|||x||||||F')
  assert.deepEqual(report.studyUids, ['1.2.3'])
})

test('examinations that share a text are one report', () => {
  const report = one(
    obr({ ...OBR, 18: 'A-1' }),
    'OBX|1|FT|||Felles tekst\\.br\\over linjer||||||F',
    obr({ ...OBR, 3: 'F-2', 4: 'SJM0AK^UL Milt^NCRP', 18: 'A-2' }),
  )
  assert.equal(report.identifier.value, 'F-1')
  assert.deepEqual(report.accessions, ['A-1', 'A-2'])
  assert.equal(report.procedures.length, 2)
  assert.equal(report.sections[0]?.text, 'Felles tekst\nover linjer')
})

test('the text may stand under the last of the examinations that share it', () => {
  const report = one(
    obr({ ...OBR, 3: 'F-2', 18: 'A-2' }),
    obr({ ...OBR, 18: 'A-1' }),
    'OBX|1|TX|||x||||||F',
  )
  assert.equal(report.identifier.value, 'F-1')
  assert.deepEqual(report.accessions, ['A-1', 'A-2'])
})

test('examinations with texts of their own are reports of their own', () => {
  const reports = read(
    PID,
    obr(OBR),
    'OBX|1|TX|||en||||||F',
    obr({ ...OBR, 3: 'F-2' }),
    'OBX|1|TX|||to||||||F',
    obr({ ...OBR, 3: 'F-3', 25: 'X' }),
  )
  assert.deepEqual(
    reports.map(({ identifier, status }) => [identifier.value, status]),
    [
      ['F-1', 'final'],
      ['F-2', 'final'],
      ['F-3', 'cancelled'],
    ],
  )
})

test('a document is kept as it was sent', () => {
  const data = Buffer.from('%PDF-1.4 fake').toString('base64')
  const report = one(obr(OBR), `OBX|1|ED|PDF^Rapport||RIS^Application^PDF^Base64^${data}||||||F`)
  assert.deepEqual(report.documents, [{ contentType: 'application/pdf', data, title: 'Rapport' }])
  assert.throws(
    () => one(obr(OBR), 'OBX|1|ED|||^^PDF^Base64^%%%||||||F'),
    /OBX\(1\)-5: Is not Base64/,
  )
  assert.throws(
    () => one(obr(OBR), 'OBX|1|ED|||^^EXE^Base64^AAAA||||||F'),
    /type that is not taken/,
  )
  assert.throws(() => one(obr(OBR), 'OBX|1|ED|||^^PDF^Hex^AAAA||||||F'), /Base64/)
})

test('repetitions are lines, and comments are a section of their own', () => {
  const report = one(obr(OBR), 'OBX|1|TX|||en~to||||||F', 'NTE|1||Ringt til vakt')
  assert.deepEqual(
    report.sections.map(({ text }) => text),
    ['en\nto', 'Ringt til vakt'],
  )
})

for (const [code, status] of Object.entries(RESULT_STATUSES)) {
  test(`OBR-25 ${code} is ${status}`, () => {
    assert.equal(one(obr({ ...OBR, 25: code }), 'OBX|1|TX|||x').status, status)
  })
}

for (const [code, status] of Object.entries(OBSERVATION_STATUSES)) {
  test(`OBX-11 ${code} is ${status} where OBR-25 is silent`, () => {
    assert.equal(one(obr({ ...OBR, 25: '' }), `OBX|1|TX|||x||||||${code}`).status, status)
  })
}

test('a final result with something added, corrected or taken out says so', () => {
  const final = obr(OBR)
  assert.equal(one(final, 'OBX|1|TX|||x||||||F', 'OBX|2|TX|&ADT||y||||||F').status, 'appended')
  assert.equal(one(final, 'OBX|1|TX|||x||||||C').status, 'corrected')
  assert.equal(one(final, 'OBX|1|TX|||x||||||W').status, 'entered-in-error')
  const partly = one(final, 'OBX|1|TX|||x||||||F', 'OBX|2|TX|||feil||||||D')
  assert.deepEqual([partly.status, partly.sections[0]?.text], ['final', 'x'])
})

for (const [name, place, segments] of [
  ['no patient', 'PID', [obr(OBR)]],
  ['two patients', 'PID(2)', [PID, obr(OBR), PID]],
  ['no examination', 'OBR', [PID]],
  ['no filler number', 'OBR(1)-3', [PID, obr({ ...OBR, 3: '' }), 'OBX|1|TX|||x||||||F']],
  ['a time that is none', 'OBR(1)-22', [PID, obr({ ...OBR, 22: 'i går' }), 'OBX|1|TX|||x||||||F']],
  ['no status', 'OBR(1)-25', [PID, obr({ ...OBR, 25: '' })]],
  ['a status of no record', 'OBR(1)-25', [PID, obr({ ...OBR, 25: 'Z' })]],
  ['an unknown status', 'OBX(2)-11', [PID, obr(OBR), 'OBX|1|TX|||x||||||F', 'OBX|2|TX|||x||||||9']],
  ['a study UID that is none', 'IPC-3', [PID, obr(OBR), 'IPC|||abc']],
] as const) {
  test(`a message with ${name} is refused, at its place`, () => {
    assert.throws(
      () => read(...segments),
      (error: any) => error.problem?.place === place,
    )
  })
}
