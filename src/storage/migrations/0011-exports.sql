-- Bulk exports ($export): who asked for what, how far it is, and the files that are ready (decision 0017).

create table export (
  id             uuid primary key,
  client         text not null,
  member         text not null,
  -- the grant that the token carried, if it did: an export ends with it
  access_grant   text,
  -- what the token covered: the export never sees more, whatever the client is registered for
  actions        text[] not null,
  -- envelope-encrypted JSON of the request: filters may name persons
  asked          bytea not null,
  -- what is exported, type by type
  types          text[] not null,
  -- transactionTime: the state of this moment is exported
  requested_at   timestamptz(3) not null,
  state          text not null default 'running' check (state in ('running', 'done', 'failed')),
  -- what the client is told of a failure
  error          text,
  -- where it goes on: all files before are whole. A step is a type's resources, or its deletions
  step           integer not null default 0,
  after_time     timestamptz(3),
  after_id       text,
  resources      bigint not null default 0,
  -- one node at a time is at it; one that dies holds it no longer than this
  claim          uuid,
  claimed_until  timestamptz(3),
  -- in a row, without a file between them
  failures       integer not null default 0,
  finished_at    timestamptz(3),
  expires_at     timestamptz(3) not null
);
create index export_by_client on export (client);
create index export_by_age on export (expires_at);

create table export_file (
  export     uuid not null references export on delete cascade,
  number     integer not null,
  kind       text not null check (kind in ('output', 'deleted')),
  type       text not null,
  landing    uuid not null,
  bytes      bigint not null,
  resources  integer not null,
  primary key (export, number)
);
create index export_file_by_landing on export_file (landing);

-- What has changed since an export began: versions are replaced in the order in which they are kept.
create index resource_version_replaced on resource_version using brin (replaced_at);
