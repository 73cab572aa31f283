/** A registry of many studies, written by one statement: what a region's index looks like to a timeline. */
import type pg from 'pg'

export const TIMELINE_PATIENT = 'timeline-patient'
const STUDIES_PER_PATIENT = 60

// Three series and two endpoints: some 2 kB of JSON, like what registration writes.
const INSERT_STUDIES = `
insert into resource (type, id, last_updated, content, custodian, patient, study_uids, modalities,
  body_regions, started, keys, refs, date_from, date_until)
select 'ImagingStudy', id, now(),
  json_build_object(
    'resourceType', 'ImagingStudy', 'id', id,
    'meta', json_build_object('versionId', '1', 'lastUpdated', '2026-01-01T00:00:00.000Z'),
    'identifier', json_build_array(
      json_build_object('use', 'official', 'system', 'urn:dicom:uid', 'value', 'urn:oid:' || uid),
      json_build_object('system', 'urn:oid:2.16.578.1.12.4.1.2.1', 'value', 'A' || n,
        'type', json_build_object('coding', json_build_array(json_build_object(
          'system', 'http://terminology.hl7.org/CodeSystem/v2-0203', 'code', 'ACSN'))))),
    'status', 'available',
    'subject', json_build_object('reference', 'Patient/' || patient),
    'started', to_char(started at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
    'modality', json_build_array(json_build_object('system', dcm, 'code', modality)),
    'endpoint', json_build_array(
      json_build_object('reference', 'Endpoint/' || custodian || '-wado-rs'),
      json_build_object('reference', 'Endpoint/' || custodian || '-qido-rs')),
    'numberOfSeries', 3, 'numberOfInstances', 300,
    'description', modality || ' examination number ' || n,
    'series', (select json_agg(json_build_object(
      'uid', uid || '.' || s, 'number', s, 'modality', json_build_object('system', dcm, 'code', modality),
      'description', 'Series ' || s || ' of the examination', 'numberOfInstances', 100,
      'bodySite', json_build_object('system', 'http://snomed.info/sct', 'code', '51185008', 'display', 'Thorax'),
      'started', to_char(started at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')))
      from generate_series(1, 3) as s)
  )::text,
  custodian, patient, array[uid], array[modality], array['51185008'], started,
  row_keys(id, array['identifier', 'identifier|urn:dicom:uid|' || uid, 'identifier|' || uid, 'identifier|urn:dicom:uid|',
    'status', 'status|available', 'modality', 'modality|' || modality, 'modality|' || dcm || '|' || modality, 'endpoint']),
  array['endpoint|Endpoint/' || custodian || '-wado-rs'],
  started, started + interval '1 second'
from (
  select n, md5('study' || n) as id, '2.25.' || n || '.1' as uid,
    case when n % $2 = 0 then $3 else 'p' || n % $2 end as patient,
    ($4::text[])[1 + n % cardinality($4::text[])] as custodian,
    (array['CT', 'MR', 'DX', 'US'])[1 + n % 4] as modality,
    timestamptz '2026-01-01' - n * interval '37 minutes' as started,
    'http://dicom.nema.org/resources/ontology/DCM' as dcm
  from generate_series(1, $1::int) as n
) as study`

/** Writes `studies` studies of the custodians, sixty for each patient, and gathers statistics. */
export async function seedTimeline(
  pool: pg.Pool,
  seed: { readonly studies: number; readonly custodians: readonly string[] },
): Promise<void> {
  const patients = Math.floor(seed.studies / STUDIES_PER_PATIENT)
  const client = await pool.connect()
  try {
    await client.query('set statement_timeout = 0')
    await client.query(INSERT_STUDIES, [seed.studies, patients, TIMELINE_PATIENT, seed.custodians])
    await client.query('vacuum analyze resource')
  } finally {
    client.release(true)
  }
}
