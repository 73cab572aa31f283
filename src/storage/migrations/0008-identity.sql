-- Sets of identifiers with their periods and assigners, and persons that turned out to be one.

-- FHIR dateTime texts, as told: an id that has lapsed still finds its person.
alter table patient_identifier
  add column assigner   text,
  add column starts_at  text,
  add column ends_at    text;

-- Whose feed is listened to for the ids of a system, and how HL7 v2 messages of that member name it (HD.1).
create table assigning_authority (
  system     text primary key,
  member     text not null references member,
  name       text not null,
  namespace  text,
  added_at   timestamptz(3) not null,
  unique (member, namespace)
);

-- A Patient that another one stands for, and what came with it: kept, so that exactly this can be taken back.
create table patient_merge (
  id          uuid primary key,
  replaced    text not null,
  survivor    text not null,
  merged_at   timestamptz(3) not null,
  merged_by   text not null,
  -- whether the replaced Patient said that it was active, and what the survivor was given of it
  was_active  boolean,
  given       jsonb not null,
  undone_at   timestamptz(3),
  undone_by   text,
  check (replaced <> survivor)
);
create unique index patient_merge_in_force on patient_merge (replaced) where undone_at is null;
create index patient_merge_by_survivor on patient_merge (survivor) where undone_at is null;

create table patient_merge_move (
  merge   uuid not null references patient_merge,
  -- 'resource', 'identifier', 'grant', 'doubt'
  kind    text not null,
  -- Type/id, or the key of the row as JSON text
  key     text not null,
  -- JSON pointers (RFC 6901) to the references of a resource that were rewritten
  places  text[] not null default '{}',
  primary key (merge, kind, key)
);

-- what else is one patient's, for the day that the patient turns out to be another
create index on resource_binary (patient) where patient is not null;
create index unclear_identity_by_candidate on unclear_identity (candidate) where resolved_at is null;
