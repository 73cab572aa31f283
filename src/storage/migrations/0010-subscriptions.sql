-- Topic-based subscriptions: who wants to be told of what, what happened, and how far each has been told (decision 0014).

-- Where a client may be called back: registered by an operator beside SAMSYN_EGRESS_ALLOW, which rules all calls.
create table client_hook (
  client    text not null references client,
  -- host:port, in lower case
  host      text not null,
  added_at  timestamptz(3) not null,
  primary key (client, host)
);

create table subscription (
  -- the Subscription resource's id
  id                 text primary key,
  client             text not null,
  member             text not null,
  -- what the token that made it covered: it never sees more, whatever the client is registered for
  actions            text[] not null,
  -- code of the topic, and the type of what it is about
  topic              text not null,
  type               text not null,
  -- search-style filters as sent, each without its type; all of them hold
  filters            text[] not null,
  -- the one patient that the filters ask for
  patient            text,
  channel            text not null check (channel in ('rest-hook', 'websocket')),
  endpoint           text,
  -- envelope-encrypted JSON list: they hold secrets
  headers            bytea,
  payload            text not null,
  content            text not null check (content in ('empty', 'id-only', 'full-resource')),
  heartbeat_seconds  integer,
  timeout_seconds    integer not null,
  max_count          integer not null,
  ends_at            timestamptz(3),
  -- stopped: nothing is captured for it
  phase              text not null check (phase in ('handshake', 'running', 'stopped')),
  -- what its resource says
  status             text not null check (status in ('requested', 'active', 'error', 'off')),
  error              text,
  check ((channel = 'rest-hook') = (endpoint is not null))
);
-- Asked by every write of a type that can be subscribed to, and for each batch of events.
create index subscription_watching on subscription (type, patient) where phase <> 'stopped';
create index subscription_by_client on subscription (client);

-- What changes with every notification, kept apart from what every write looks at.
create table subscription_progress (
  subscription   text primary key references subscription on delete cascade,
  channel        text not null,
  -- number of the last event, from 1 without gaps
  events         bigint not null default 0,
  -- transactions from this one on knew of the subscription when they wrote
  fence          xid8,
  -- when something is to be done next; null where nothing is
  due_at         timestamptz(3),
  -- counts what made it due, so that whoever has it at work does not sleep through more
  wakes          bigint not null default 0,
  -- one node at a time has it at work; a node that dies holds it no longer than this
  claim          uuid,
  claimed_until  timestamptz(3),
  -- the websocket that it is bound to, the newest one
  binding        uuid,
  failures       integer not null default 0,
  failing_since  timestamptz(3),
  -- when the subscriber last accepted something
  sent_at        timestamptz(3)
);
create index subscription_due on subscription_progress (channel, due_at) where due_at is not null;
create index subscription_bound on subscription_progress (binding) where binding is not null;

-- What a write left for the dispatcher, in its own transaction. Empty where nobody subscribes.
create table captured_event (
  seq      bigint generated always as identity primary key,
  type     text not null,
  id       text not null,
  version  integer not null,
  patient  text,
  at       timestamptz(3) not null
);

-- One event for one subscription: waiting, or told and kept for $events.
create table subscription_notification (
  subscription  text not null references subscription on delete cascade,
  -- the order in which events committed
  position      bigint generated always as identity,
  -- given when it is first about to be sent, to what is visible then; null until then
  number        bigint,
  type          text not null,
  id            text not null,
  version       integer not null,
  at            timestamptz(3) not null,
  sent_at       timestamptz(3),
  primary key (subscription, position)
);
create index subscription_notification_waiting on subscription_notification (subscription, position) where sent_at is null;
create unique index subscription_notification_number on subscription_notification (subscription, number) where number is not null;
create index subscription_notification_age on subscription_notification (at);

-- Runs for rows that can be seen at all; a study that is still growing waits until it settles.
create function capture_resource() returns trigger language plpgsql as $$
begin
  if not exists (select from subscription s where s.type = new.type and s.phase <> 'stopped') then
    return null;
  end if;
  if new.type = 'ImagingStudy'
    and exists (select from study s where s.imaging_study = new.id and s.settled_at is null) then
    return null;
  end if;
  insert into captured_event (type, id, version, patient, at)
  values (new.type, new.id, new.version, new.patient, new.last_updated);
  return null;
end $$;

create trigger capture_resource after insert or update of content, quarantined on resource
for each row when (
  new.type in ('ImagingStudy', 'DiagnosticReport', 'Task', 'Consent')
  and new.content is not null and not new.quarantined
) execute function capture_resource();

create function capture_settled() returns trigger language plpgsql as $$
begin
  if exists (select from subscription s where s.type = 'ImagingStudy' and s.phase <> 'stopped') then
    insert into captured_event (type, id, version, patient, at)
    select r.type, r.id, r.version, r.patient, new.settled_at
    from resource r
    where r.type = 'ImagingStudy' and r.id = new.imaging_study and r.content is not null and not r.quarantined;
  end if;
  return null;
end $$;

create trigger capture_settled after update of settled_at on study
for each row when (old.settled_at is null and new.settled_at is not null) execute function capture_settled();
