-- Who is who: identifiers of each patient, and the doubts a person must settle.

create table patient_identifier (
  -- urn:oid:… of the assigning authority
  system     text not null,
  value      text not null,
  patient    text not null,
  -- whose word a custodian's own id is, and whose material it finds; null for a national id
  custodian  text,
  -- the entries by which a search finds a custodian's own id
  tokens     text[] not null default '{}',
  -- one member's claim neither blocks nor redirects another's
  unique nulls not distinct (system, value, custodian)
);
create index patient_identifier_by_patient on patient_identifier (patient, custodian);
create index patient_identifier_by_token on patient_identifier using gin (tokens);

-- Whose claim the name of a Patient rests on, until another custodian or a person confirms it.
create table patient_name (
  patient       text primary key,
  custodian     text not null,
  confirmed_at  timestamptz(3)
);

create table unclear_identity (
  id             bigint generated always as identity primary key,
  imaging_study  text not null,
  custodian      text not null,
  -- machine code: 'no-national-id', 'invalid-national-id', 'study-of-another-patient',
  -- 'study-of-another-custodian', 'demographics-contradict'
  reason         text not null,
  -- what the object said about the patient, envelope-encrypted
  claim          bytea not null,
  candidate      text,
  -- who alone has told the name that the claim contradicts
  first_claimer  text,
  raised_at      timestamptz(3) not null,
  resolved_at    timestamptz(3),
  resolved_by    text
);
create unique index unclear_identity_open on unclear_identity (imaging_study, reason) where resolved_at is null;
