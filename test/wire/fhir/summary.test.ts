import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import type { JsonObject } from '../../../src/wire/fhir/json.ts'
import { parseResourceJson } from '../../../src/wire/fhir/parse-json.ts'
import { makeSummarize } from '../../../src/wire/fhir/summary.ts'
import { makeXml } from '../../../src/wire/fhir/xml.ts'
import { structures } from '../../support/definitions.ts'
import { sampleFiles } from '../../support/samples.ts'

const summarize = makeSummarize(structures)
const TAG = {
  system: 'http://terminology.hl7.org/CodeSystem/v3-ObservationValue',
  code: 'SUBSETTED',
  display: 'subsetted',
}

const report: JsonObject = {
  resourceType: 'DiagnosticReport',
  id: 'a',
  meta: { versionId: '1', tag: [{ system: 'urn:t', code: 'x' }] },
  language: 'nb',
  text: { status: 'generated', div: '<div xmlns="http://www.w3.org/1999/xhtml"/>' },
  contained: [
    { resourceType: 'Observation', id: 'seen', performer: [{ reference: '#far' }] },
    { resourceType: 'Practitioner', id: 'far' },
    { resourceType: 'Patient', id: 'other' },
  ],
  modifierExtension: [{ url: 'urn:m', valueString: 'not' }],
  status: 'final',
  _status: { extension: [{ url: 'urn:s', valueCode: 'y' }] },
  code: { coding: [{ system: 'urn:c', code: '1' }], extension: [{ url: 'urn:e', valueCode: 'z' }] },
  effectiveDateTime: '2024-01-01',
  result: [{ reference: '#seen' }],
  presentedForm: [{ contentType: 'text/plain', data: 'QQ==', title: 'Svar' }],
  conclusion: 'Normal',
  media: [{ comment: 'a picture', link: { reference: 'Media/1' } }],
}
const tag = [{ system: 'urn:t', code: 'x' }, TAG]

test('a summary has what is marked for it, mandatory elements and what modifies the meaning', () => {
  const summary = summarize(report, { summary: 'true' })
  assert.deepEqual(Object.keys(summary).sort(), [
    '_status',
    'code',
    'effectiveDateTime',
    'id',
    'media',
    'meta',
    'modifierExtension',
    'resourceType',
    'status',
  ])
  assert.deepEqual(summary.meta, { versionId: '1', tag })
  assert.deepEqual(summary.code, { coding: [{ system: 'urn:c', code: '1' }] })
  assert.deepEqual(summary.modifierExtension, report.modifierExtension)
  assert.deepEqual(summary.media, [{ link: { reference: 'Media/1' } }])
})

test('content of attachments is no part of a summary', () => {
  const patient = {
    resourceType: 'Patient',
    photo: [{ contentType: 'image/png', data: 'QQ==' }],
    contact: [{ name: { family: 'x' } }],
    name: [{ id: 'n', family: 'A' }],
  }
  const media = { resourceType: 'Media', status: 'completed', content: patient.photo[0] }
  assert.deepEqual(summarize(media, { summary: 'true' }).content, { contentType: 'image/png' })
  assert.deepEqual(Object.keys(summarize(patient, { summary: 'true' })), [
    'resourceType',
    'meta',
    'name',
  ])
  assert.deepEqual(summarize(patient, { summary: 'true' }).name, patient.name)
})

test('the text comes with id, meta and mandatory elements', () => {
  assert.deepEqual(summarize(report, { summary: 'text' }), {
    resourceType: 'DiagnosticReport',
    id: 'a',
    meta: { versionId: '1', tag },
    text: report.text,
    modifierExtension: report.modifierExtension,
    status: 'final',
    _status: report._status,
    code: report.code,
  })
})

test('the data are all but the text', () => {
  const { text: _text, ...data } = report
  assert.deepEqual(summarize(report, { summary: 'data' }), {
    ...data,
    meta: { versionId: '1', tag },
  })
})

test('chosen elements come with mandatory ones', () => {
  const chosen = summarize(report, { elements: ['conclusion', 'effective', 'nonsense'] })
  assert.deepEqual(Object.keys(chosen), [
    'resourceType',
    'id',
    'meta',
    'modifierExtension',
    'status',
    '_status',
    'code',
    'effectiveDateTime',
    'conclusion',
  ])
})

test('a choice may be named as in JSON, an element with its type', () => {
  for (const name of [
    'effective',
    'effective[x]',
    'effectiveDateTime',
    'DiagnosticReport.effective',
  ]) {
    assert.equal(summarize(report, { elements: [name] }).effectiveDateTime, '2024-01-01', name)
  }
  assert.equal(summarize(report, { elements: ['effectivePeriod'] }).effectiveDateTime, undefined)
})

test('contained resources stay as far as what stays leads to them', () => {
  const ids = (resource: JsonObject) =>
    (resource.contained as readonly JsonObject[] | undefined)?.map(({ id }) => id)
  assert.deepEqual(ids(summarize(report, { elements: ['result'] })), ['seen', 'far'])
  assert.equal(ids(summarize(report, { elements: ['conclusion'] })), undefined)
  assert.equal(ids(summarize(report, { elements: ['contained'] }))?.length, 3)
})

test('the whole is handed back where the whole is wanted', () => {
  for (const wanted of [{}, { summary: 'false' }, { summary: undefined }] as const) {
    assert.equal(summarize(report, wanted), report)
  }
})

test('the tag is there once', () => {
  const once = summarize(report, { summary: 'data' })
  assert.deepEqual(summarize(once, { summary: 'data' }), once)
})

test('numbers keep their digits', () => {
  const valueQuantity = { value: JSON.rawJSON('1.50'), unit: 'mm' }
  const observation = { resourceType: 'Observation', status: 'final', code: {}, valueQuantity }
  assert.match(JSON.stringify(summarize(observation, { summary: 'true' })), /"value":1\.50/)
})

test('every part of every R4 example is still as R4 defines it', async (t) => {
  const xml = makeXml(structures)
  for (const file of await sampleFiles(t, 'fhir/hl7-r4-examples')) {
    const resource = parseResourceJson(await readFile(file))
    for (const wanted of [
      { summary: 'true' },
      { summary: 'text' },
      { summary: 'data' },
      { elements: ['identifier'] },
    ] as const) {
      const part = summarize(resource, wanted)
      assert.doesNotThrow(() => xml.parse(Buffer.from(xml.write(part))), file)
    }
  }
})
