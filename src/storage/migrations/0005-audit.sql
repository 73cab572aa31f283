-- The audit log: append-only, a Merkle tree over the events in `seq` order (RFC 6962 hashing).

create table audit_event (
  -- position in the tree, from 0 without gaps
  seq          bigint primary key,
  id           uuid not null unique,
  recorded     timestamptz(3) not null,
  -- the AuditEvent resource as served, canonical bytes the leaf hash is taken over
  content      text not null,
  leaf         bytea not null,
  patient      text,
  -- custodians whose material it touched, and the member that asked
  custodians   text[] not null default '{}',
  member       text,
  tokens       text[] not null default '{}',
  refs         text[] not null default '{}'
);
create index audit_event_by_patient on audit_event (patient, recorded desc, seq desc);
create index audit_event_by_time on audit_event (recorded, seq);
create index audit_event_tokens on audit_event using gin (tokens);

-- One row: the tree's size and the roots of its complete subtrees, locked by each append.
create table audit_head (
  only_row   boolean primary key default true check (only_row),
  size       bigint not null,
  frontier   bytea[] not null
);
insert into audit_head (size, frontier) values (0, '{}');

-- Every object of a disclosure, the first too; written within a second of its being handed out.
create table disclosure_object (
  disclosure       uuid not null,
  sop_instance_uid text not null,
  at               timestamptz(3) not null
);
create index disclosure_object_by_disclosure on disclosure_object (disclosure);
