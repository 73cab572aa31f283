-- The image index: what is behind each ImagingStudy, down to the instance, and where its bytes are.

-- A system the hub fetches from on a custodian's behalf. Private to operators: no face but /admin shows it.
create table source (
  id                  text primary key,
  custodian           text not null,
  kind                text not null check (kind in ('dicomweb')),
  name                text not null,
  -- base address and credentials, envelope-encrypted with the master key (JSON within)
  settings            bytea not null,
  -- assigning authority of patient ids that come without an issuer
  default_issuer      text,
  -- IANA zone for dates without (0008,0201)
  time_zone           text not null default 'Europe/Oslo',
  -- character set for objects without (0008,0005)
  character_set       text not null default 'ISO_IR 100',
  active              boolean not null default true,
  created_at          timestamptz(3) not null,
  last_sync_started   timestamptz(3),
  last_sync_finished  timestamptz(3),
  last_sync_error     text
);

-- One custodian's copy of one study; its policy facts are the columns of its ImagingStudy row.
create table study (
  imaging_study  text primary key,
  custodian      text not null,
  study_uid      text not null,
  -- where pixels are: at a source, or null when deposited in the hub
  source         text references source,
  patient        text,
  -- study-level attributes for QIDO-RS, DICOM JSON model
  attributes     jsonb not null,
  instances      integer not null default 0,
  series         integer not null default 0,
  bytes          bigint not null default 0,
  registered_at  timestamptz(3) not null,
  -- The order in which copies of one study were registered (decision 0011): clocks of two nodes may differ.
  registration   bigint generated always as identity,
  changed_at     timestamptz(3) not null,
  -- null while the study is growing
  settled_at     timestamptz(3),
  unique (custodian, study_uid)
);
create index study_by_uid on study (study_uid);
create index study_by_source on study (source) where source is not null;

create table series (
  imaging_study  text not null references study on delete cascade,
  series_uid     text not null,
  modality       text,
  series_number  integer,
  attributes     jsonb not null,
  instances      integer not null default 0,
  primary key (imaging_study, series_uid)
);

-- A file of Part 10 objects laid back to back, written by one request (decision 0003).
create table landing (
  id          uuid primary key,
  bytes       bigint not null,
  created_at  timestamptz(3) not null
);

create table instance (
  custodian            text not null,
  sop_instance_uid     text not null,
  imaging_study        text not null references study on delete cascade,
  series_uid           text not null,
  sop_class_uid        text not null,
  instance_number      integer,
  -- null where the source did not say
  transfer_syntax_uid  text,
  -- deposited: where the Part 10 bytes are; null for an instance held at a source
  landing              uuid references landing,
  landing_offset       bigint,
  bytes                bigint,
  sha256               bytea,
  -- instance-level attributes for QIDO-RS (JSON model), uncompressed and small
  attributes           jsonb not null,
  -- deposited: whole DICOM JSON metadata without bulk data, gzip
  metadata             bytea,
  received_at          timestamptz(3) not null,
  primary key (custodian, sop_instance_uid),
  foreign key (imaging_study, series_uid) references series on delete cascade,
  check ((landing is null) = (landing_offset is null))
);
create index instance_order on instance (imaging_study, series_uid, instance_number, sop_instance_uid);
create index instance_by_landing on instance (landing) where landing is not null;
