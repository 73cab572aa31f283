-- What a row holds for searching, anew (decision 0012): hashes of keys under one index, and what order or a part
-- of a text is asked of, as JSON beside it. `resource` is made again, because its columns change their order too.

-- A key of wire/fhir/search-entries.ts as it is kept. In SQL, so that a chain can make keys of the ids it finds.
create function search_key(text) returns bigint
  language sql immutable strict parallel safe
  return hashtextextended($1, 0);

create function search_keys(text[]) returns bigint[]
  language sql immutable strict parallel safe
  return array(select search_key(one) from unnest($1) as one);

-- What a row keeps: its keys, and that of one of 1500 lots, which no search asks for. The planner takes a key that it
-- has not met for half as rare as the rarest it has, at most one row in 200. Where all keys are common or unique,
-- it would walk through millions of ids rather than look one of the unique up: of the lots it learns what rare is.
create function row_keys(id text, keys text[]) returns bigint[]
  language sql immutable strict parallel safe
  return search_keys(keys) || search_key('lot|' || abs(hashtext(id) % 1500));

-- Numbers and times in `compared` are texts of other people's: what does not read as one is no value, and no
-- error in the search of somebody else.
create function compared_number(text) returns numeric
  language sql immutable parallel safe
  return case when length($1) <= 1000 and $1 ~ '^-?(\d+(\.\d+)?|Infinity)$' then $1::numeric end;

create function compared_time(text) returns timestamptz
  language sql stable parallel safe
  return case when $1 ~ '^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$' then $1::timestamptz end;

-- The first value at the first of the paths that leads to one: what to sort by where no column and no key has it.
create function content_value(content text, paths jsonpath[]) returns text
  language plpgsql immutable parallel safe as $$
declare
  whole jsonb := content::jsonb;
  path jsonpath;
  found text;
begin
  foreach path in array paths loop
    found := jsonb_path_query_first(whole, path) #>> '{}';
    if found is not null then
      return found;
    end if;
  end loop;
  return null;
exception
  -- JSON that jsonb does not take (U+0000, numbers beyond its range) sorts as if it had none
  when data_exception then
    return null;
end $$;

do $$
declare
  relation regclass;
begin
  for relation in
    select c.oid from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where n.nspname = current_schema() and c.relkind in ('r', 'p', 'i', 'I')
       and c.relname ~ '^resource(_|$)' and c.relname !~ '^resource_version'
  loop
    if (select relkind in ('i', 'I') from pg_class where oid = relation) then
      execute format('alter index %s rename to %I', relation, 'old_' || (select relname from pg_class where oid = relation));
    else
      execute format('alter table %s rename to %I', relation, 'old_' || (select relname from pg_class where oid = relation));
    end if;
  end loop;
end $$;

-- Hot columns are typed and hold what policy and the timeline ask for. Fixed widths come first: no byte is lost to
-- alignment. Partitioned by type: each partition carries the indexes its own searches need.
create table resource (
  last_updated  timestamptz(3) not null,
  -- the clinical date of the type, as an interval
  date_from     timestamptz(3),
  date_until    timestamptz(3),
  started       timestamptz(3),
  version       integer        not null default 1,
  -- identity in doubt: shown to no clinician until a person has resolved it
  quarantined   boolean        not null default false,
  type          text           not null,
  id            text           not null,
  -- how the version came to be, for `Bundle.entry.request` of its history
  method        text           not null default 'POST' check (method in ('POST', 'PUT', 'PATCH', 'DELETE')),

  -- what the access filter reads (domain/access/filter.ts, ObjectFacts), with `started`
  custodian     text,
  patient       text,
  study_uids    text[]         not null default '{}',
  modalities    text[]         not null default '{}',
  body_regions  text[]         not null default '{}',
  labels        text[]         not null default '{}',

  -- search_key of each key, and of `study|…` for each of study_uids: looked up by equality
  keys          bigint[]       not null default '{}',
  -- 'parameter|Type/id': what an inclusion follows
  refs          text[]         not null default '{}',
  -- texts, dates, numbers, quantities and composites: read where order or a part of a text matters
  compared      jsonb,
  -- JSON text exactly as served; null once deleted
  content       text,
  -- PostgreSQL compresses the columns of rows above 2 kB alone: this brings a smaller one to that size, and is
  -- itself compressed to nothing
  room          text generated always as (repeat(' ', 1500 - least(1500, octet_length(content)))) stored
) partition by list (type);

create table resource_patient          partition of resource for values in ('Patient');
create table resource_imaging_study    partition of resource for values in ('ImagingStudy');
create table resource_report           partition of resource for values in ('DiagnosticReport');
create table resource_observation      partition of resource for values in ('Observation');
create table resource_document         partition of resource for values in ('DocumentReference', 'List');
create table resource_binary           partition of resource for values in ('Binary');
create table resource_workflow         partition of resource for values in ('ServiceRequest', 'Task');
create table resource_consent          partition of resource for values in ('Consent');
create table resource_provenance       partition of resource for values in ('Provenance');
create table resource_directory        partition of resource for values in ('Organization', 'Endpoint', 'Practitioner', 'PractitionerRole');
create table resource_conformance      partition of resource for values in ('CapabilityStatement', 'StructureDefinition', 'SearchParameter', 'OperationDefinition', 'ValueSet', 'CodeSystem');
create table resource_research         partition of resource for values in ('ResearchStudy', 'ResearchSubject', 'Group');
-- the rest of R4, Subscription and Basic among it
create table resource_other            partition of resource default;

-- Compressed within the row and not kept beside it: one page is read for a row. With a low target PostgreSQL would
-- move even ids away that are not told to stay.
alter table resource
  alter column type set storage main,
  alter column id set storage main,
  alter column method set storage main,
  alter column custodian set storage main,
  alter column patient set storage main,
  alter column study_uids set storage main,
  alter column modalities set storage main,
  alter column body_regions set storage main,
  alter column labels set storage main,
  alter column keys set storage main,
  alter column refs set storage main,
  alter column compared set storage main,
  alter column content set storage main,
  alter column room set storage main;
do $$
declare
  partition regclass;
  -- it also takes what pglz gives up on, as most reports, where this PostgreSQL was built with it
  has_lz4 boolean := 'lz4' = any((select enumvals from pg_settings where name = 'default_toast_compression')::text[]);
begin
  for partition in select inhrelid from pg_inherits where inhparent = 'resource'::regclass loop
    execute format('alter table %s set (toast_tuple_target = 500)', partition);
    if has_lz4 then
      execute format('alter table %s alter column content set compression lz4', partition);
    end if;
  end loop;
  if has_lz4 then
    alter table resource_version alter column content set compression lz4;
  end if;
end $$;

-- Of a partition for one type the type is no part of an index: that would be a sixth of it.
do $$
declare
  partition record;
  columns text;
begin
  for partition in
    select inhrelid::regclass as name, array_length(string_to_array(pg_get_expr(c.relpartbound, c.oid), ','), 1) > 1
             or pg_get_expr(c.relpartbound, c.oid) = 'DEFAULT' as is_shared
      from pg_inherits join pg_class c on c.oid = inhrelid
     where inhparent = 'resource'::regclass
  loop
    columns := case when partition.is_shared then 'type, ' else '' end;
    execute format('alter table %s add primary key (%s id)', partition.name, columns);
    -- ties by id are sorted as they come; the id in the index would double it
    execute format('create index on %s (%s last_updated)', partition.name, columns);
  end loop;
end $$;

-- As many as it takes to meet each lot.
alter table resource alter column keys set statistics 500;
-- Without a list of pending entries: searches would read it, and the one that overflows it would pay for all.
create index on resource using gin (keys) with (fastupdate = off);
-- the timeline: one patient's studies or reports, newest first
create index on resource_imaging_study (patient, date_from desc nulls last);
create index on resource_report        (patient, date_from desc nulls last);
create index on resource_observation   (patient, date_from desc nulls last);
create index on resource_document      (patient, date_from desc nulls last);
create index on resource_workflow      (patient, date_from desc nulls last);
create index on resource_consent       (patient);
create index on resource_research      (patient) where patient is not null;
create index on resource_other         (patient) where patient is not null;
-- what is new of a custodian's, and the chain through the custodian
create index on resource_imaging_study (custodian, date_from desc nulls last);
create index on resource_report        (custodian, date_from desc nulls last);
-- a person by birth date
create index on resource_patient       (date_from);
-- What lasts longer than a day may begin long before the time it is asked for by: it is looked up beside the range,
-- and the planner is told how rare it is.
create index on resource_imaging_study (custodian) where date_until - date_from > interval '25 hours';
create index on resource_report        (custodian) where date_until - date_from > interval '25 hours';
create index on resource_patient       (date_from) where date_until - date_from > interval '25 hours';
create statistics resource_imaging_study_lasting on (date_until - date_from) from resource_imaging_study;
create statistics resource_report_lasting on (date_until - date_from) from resource_report;
create statistics resource_patient_lasting on (date_until - date_from) from resource_patient;

-- Old entries have the form of keys, save for texts and dates, which are now compared.
insert into resource (last_updated, date_from, date_until, started, version, quarantined, type, id, method, custodian,
  patient, study_uids, modalities, body_regions, labels, keys, refs, compared, content)
select o.last_updated, o.date_from, o.date_until, o.started, o.version, o.quarantined, o.type, o.id,
  coalesce(v.method, 'PUT'), o.custodian,
  -- a Patient's own row is of that patient
  case when o.type = 'Patient' then o.id else o.patient end, o.study_uids, o.modalities, o.body_regions, o.labels,
  row_keys(o.id, array(
    select distinct entry from unnest(o.tokens || o.refs || o.strings || array(
      select 'study|' || uid from unnest(o.study_uids) as uid)) as entry)),
  array(select entry from unnest(o.refs) as entry where entry ~ '^[A-Za-z_-]+\|[A-Z][A-Za-z]+/[A-Za-z0-9.-]{1,64}$'),
  (select nullif(jsonb_strip_nulls(jsonb_build_object('s', texts.by_code, 'd', dates.by_code)), '{}')
     from (select jsonb_object_agg(code, list) as by_code from (
             select split_part(entry, '|', 1) as code, jsonb_agg(substr(entry, strpos(entry, '|') + 1)) as list
               from unnest(o.strings) as entry where entry ~ '^[a-z_-]+\|' group by 1) as text) as texts,
          (select jsonb_object_agg(code, list) as by_code from (
             select split_part(entry, '@', 1) as code,
                    jsonb_agg(jsonb_build_array(split_part(substr(entry, strpos(entry, '@') + 1), '/', 1),
                                                split_part(entry, '/', 2))) as list
               from unnest(o.strings) as entry where entry ~ '^[a-z_-]+@' group by 1) as date) as dates),
  o.content
from old_resource o
left join resource_version v on v.type = o.type and v.id = o.id and v.version = o.version;

drop table old_resource;

-- Versions that a newer one, or a deletion, has replaced. The current one is in `resource` alone.
delete from resource_version v using resource r where r.type = v.type and r.id = v.id and r.version = v.version;
alter table resource_version
  add column replaced_at timestamptz(3),
  add column room text generated always as (repeat(' ', 1500 - least(1500, octet_length(content)))) stored;
update resource_version v set replaced_at = coalesce(
  (select min(n.last_updated) from resource_version n where n.type = v.type and n.id = v.id and n.version > v.version),
  (select r.last_updated from resource r where r.type = v.type and r.id = v.id),
  v.last_updated);
alter table resource_version
  alter column replaced_at set not null,
  alter column type set storage main,
  alter column id set storage main,
  alter column method set storage main,
  alter column content set storage main,
  alter column room set storage main,
  set (toast_tuple_target = 500);
create index on resource_version (type, last_updated);

-- The log is searched in the same way. Its pending list stays: appends are many and in the way of every request.
drop index audit_event_tokens;
alter table audit_event
  add column keys bigint[] not null default '{}',
  add column compared jsonb;
update audit_event set
  keys = search_keys(array(select distinct entry from unnest(tokens || refs) as entry)),
  refs = array(select entry from unnest(refs) as entry where entry ~ '^[A-Za-z_-]+\|[A-Z][A-Za-z]+/[A-Za-z0-9.-]{1,64}$');
alter table audit_event drop column tokens;
create index audit_event_keys on audit_event using gin (keys);

-- An event as a row of the registry: whoever may see it is told by other columns, and it has one version.
create view audit_event_row as
select 'AuditEvent'::text as type, id::text as id, id as uuid, seq, 1 as version, 'POST'::text as method,
  recorded as last_updated, recorded as date_from, recorded + interval '1 millisecond' as date_until, content,
  null::text as custodian, patient, false as quarantined, keys, refs, compared, custodians, member
from audit_event;
