-- Who is who: identifiers of each patient, and the doubts a person must settle.

create table patient_identifier (
  -- urn:oid:… of the assigning authority
  system   text not null,
  value    text not null,
  patient  text not null,
  primary key (system, value)
);
create index patient_identifier_by_patient on patient_identifier (patient);

create table unclear_identity (
  id             bigint generated always as identity primary key,
  imaging_study  text not null,
  custodian      text not null,
  -- machine code: 'no-national-id', 'invalid-national-id', 'study-of-another-patient', 'demographics-contradict'
  reason         text not null,
  -- what the object said about the patient, envelope-encrypted
  claim          bytea not null,
  candidate      text,
  raised_at      timestamptz(3) not null,
  resolved_at    timestamptz(3),
  resolved_by    text
);
create unique index unclear_identity_open on unclear_identity (imaging_study, reason) where resolved_at is null;
