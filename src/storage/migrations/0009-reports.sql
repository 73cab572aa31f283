-- Who may send HL7 v2 messages, and doubts about whose a report is.

-- A system known by its certificate, or by its address and what it calls itself (MSH-3, MSH-4), that speaks for one
-- member. Whose ids it may tell: the member's rows of assigning_authority.
create table hl7_sender (
  id            text primary key,
  member        text not null references member,
  name          text not null,
  -- SHA-256 of the client certificate, lower-case hexadecimal; null: known by address, application and facility
  fingerprint   text,
  -- an IP address, or a network as 10.1.0.0/16
  address       text,
  application   text,
  facility      text,
  -- of messages without MSH-18
  charset       text not null default 'iso-8859-1',
  -- IANA zone of times without an offset
  time_zone     text not null default 'Europe/Oslo',
  -- of patient ids without an assigning authority; null: such an id is read as national, or not at all
  default_system text,
  active        boolean not null default true,
  created_at    timestamptz(3) not null,
  check (fingerprint is not null or (address is not null and application is not null and facility is not null))
);
create unique index hl7_sender_by_fingerprint on hl7_sender (fingerprint) where fingerprint is not null and active;

-- Whose a report is may be in doubt as a study's may.
alter table unclear_identity
  alter column imaging_study drop not null,
  add column report text,
  add check ((imaging_study is null) <> (report is null));
create unique index unclear_identity_of_report on unclear_identity (report, reason)
  where resolved_at is null and report is not null;
