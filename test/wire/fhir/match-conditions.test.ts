import assert from 'node:assert/strict'
import { test } from 'node:test'
import { NO_FACTS } from '../../../src/domain/access/filter.ts'
import type { OrganizationId, PatientId } from '../../../src/kernel/ids.ts'
import { searchResources } from '../../../src/storage/resource-search.ts'
import { putResource } from '../../../src/storage/resources.ts'
import { matchesCondition } from '../../../src/wire/fhir/match-conditions.ts'
import { parseSearch } from '../../../src/wire/fhir/parse-search.ts'
import { searchValues } from '../../../src/wire/fhir/search-values.ts'
import { readFilter } from '../../../src/wire/fhir/subscription-filters.ts'
import { SUBSCRIPTION_TOPICS } from '../../../src/wire/fhir/subscription-topics-table.ts'
import { createDatabase } from '../../support/database.ts'

const BASE = 'https://hub.example/fhir'
const DCM = 'http://dicom.nema.org/resources/ontology/DCM'

function study(id: string, modalities: readonly string[], over: object = {}) {
  return {
    resourceType: 'ImagingStudy',
    id,
    status: 'available',
    identifier: [{ system: 'urn:oid:1.2.3', value: `ACC-${id}` }],
    subject: { reference: `Patient/${id < 'c' ? 'anne' : 'berit'}` },
    series: modalities.map((code) => ({ modality: { system: DCM, code } })),
    ...over,
  }
}

const STUDIES = [
  study('a', ['CT']),
  study('b', ['CT', 'PT'], { basedOn: [{ reference: 'ServiceRequest/one' }] }),
  study('c', ['MR'], { status: 'cancelled' }),
  study('d', [], { identifier: [{ value: 'ACC-d' }] }),
  study('e', ['US'], { subject: { display: 'Nobody' } }),
]

const FILTERS = [
  'modality=CT',
  `modality=${DCM}|CT,${DCM}|MR`,
  `modality=${DCM}|`,
  'modality=|CT',
  'modality:not=CT',
  'modality:missing=true',
  'modality:missing=false',
  'status=available&modality=PT',
  'identifier=urn:oid:1.2.3|ACC-a',
  'identifier=|ACC-d',
  'patient=anne',
  'patient=Patient/anne,Patient/berit',
  `patient=${BASE}/Patient/berit`,
  'patient:missing=true',
  'custodian=north',
  'custodian=Organization/west',
  'basedon=ServiceRequest/one',
  'status=available&status:not=cancelled&patient=berit',
]

test('a filter finds in memory what the same search finds in the database', async (t) => {
  const { pool } = await createDatabase(t)
  const rows = STUDIES.map((resource, index) => ({
    type: 'ImagingStudy',
    id: resource.id,
    resource,
    facts: {
      ...NO_FACTS,
      custodian: (index % 2 === 0 ? 'north' : 'west') as OrganizationId,
      patient: (resource.subject as { reference?: string }).reference?.slice(8) as PatientId | null,
    },
    quarantined: false,
    search: searchValues(resource),
    at: new Date(),
  }))
  for (const row of rows) await putResource(pool, row, { method: 'POST' })
  const [topic] = SUBSCRIPTION_TOPICS
  assert.ok(topic)
  for (const filter of FILTERS) {
    const pairs = [...new URLSearchParams(filter)] as [string, string][]
    const search = parseSearch({ type: 'ImagingStudy', pairs, strict: true, base: BASE })
    const visibility = new Map([['ImagingStudy', { kind: 'everything' } as const]])
    const { matches } = await searchResources(pool, { search, visibility })
    const reading = readFilter(filter, topic, BASE)
    assert.ok(reading.problem === undefined, filter)
    const found = rows.filter(({ id, facts, search: values }) => {
      const { custodian, patient } = facts
      const resource = { id, custodian, patient: patient ?? null, search: values }
      return reading.conditions.every((one) => matchesCondition(one, resource))
    })
    assert.deepEqual(
      found.map(({ id }) => id),
      matches.map(({ id }) => id).toSorted(),
      filter,
    )
  }
})
