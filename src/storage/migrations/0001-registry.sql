-- The registry: one row per FHIR resource. Applied once, in name order; never edited after release.

-- Hot columns are typed and hold what policy and the timeline ask for; everything else a search
-- parameter may ask is an entry of one of three arrays, so that a new parameter is data, not a table.
-- Partitioned by type: each partition carries the indexes its own searches need.
create table resource (
  type          text           not null,
  id            text           not null,
  version       integer        not null default 1,
  last_updated  timestamptz(3) not null,
  -- JSON text exactly as served; null once deleted
  content       text,

  -- what the access filter reads (domain/access/filter.ts, ObjectFacts)
  custodian     text,
  patient       text,
  study_uids    text[]         not null default '{}',
  modalities    text[]         not null default '{}',
  body_regions  text[]         not null default '{}',
  labels        text[]         not null default '{}',
  started       timestamptz(3),
  -- identity in doubt: shown to no clinician until a person has resolved it
  quarantined   boolean        not null default false,

  -- 'code|system|value', 'code||value' and 'code|value' forms of each token, prefixed by the parameter
  tokens        text[]         not null default '{}',
  -- 'parameter|Type/id' and 'parameter|url'
  refs          text[]         not null default '{}',
  -- 'parameter|folded text'
  strings       text[]         not null default '{}',
  -- the clinical date of the type (started, issued, recorded, birthDate), as an interval
  date_from     timestamptz(3),
  date_until    timestamptz(3),
  primary key (type, id)
) partition by list (type);

create table resource_patient          partition of resource for values in ('Patient');
create table resource_imaging_study    partition of resource for values in ('ImagingStudy');
create table resource_report           partition of resource for values in ('DiagnosticReport');
create table resource_directory        partition of resource for values in ('Organization', 'Endpoint', 'Practitioner', 'PractitionerRole');
create table resource_consent          partition of resource for values in ('Consent');
create table resource_provenance       partition of resource for values in ('Provenance');
create table resource_other            partition of resource default;

create index on resource (type, last_updated, id);
create index on resource using gin (tokens);
create index on resource using gin (refs);
-- the timeline: one patient's studies or reports, newest first
create index on resource_imaging_study (patient, started desc nulls last, id);
create index on resource_report        (patient, date_from desc nulls last, id);
create index on resource_imaging_study using gin (study_uids);
create index on resource_report        using gin (study_uids);
create index on resource_imaging_study (custodian, last_updated, id);
create index on resource_report        (custodian, last_updated, id);
create index on resource_patient using gin (strings);
create index on resource_directory using gin (strings);

-- Versions that a newer one has replaced, and deletions; the current version is in `resource` as well.
create table resource_version (
  type          text           not null,
  id            text           not null,
  version       integer        not null,
  last_updated  timestamptz(3) not null,
  method        text           not null check (method in ('POST', 'PUT', 'PATCH', 'DELETE')),
  content       text,
  primary key (type, id, version)
);
