-- Members, clients, grants and what else the decision reads; every change is announced in access_change.

create table member (
  -- the Organization resource's id
  id          text primary key,
  orgnr       text not null unique,
  name        text not null,
  roles       text[] not null,
  active      boolean not null default true,
  created_at  timestamptz(3) not null
);

create table client (
  id           text primary key,
  member       text not null references member,
  name         text not null,
  scope        text not null,
  -- public keys (JWK Set); the hub never sees a private one after it was handed out
  jwks         jsonb not null,
  -- false only with a reason: access.md section 4, sender-constrained
  dpop_bound   boolean not null default true,
  bearer_reason text,
  active       boolean not null default true,
  created_at   timestamptz(3) not null,
  check (dpop_bound or bearer_reason is not null)
);

create table agreement (
  custodian   text not null references member,
  requester   text not null references member,
  effect      text not null check (effect in ('permit', 'deny')),
  purposes    text[],
  modalities  text[],
  valid_from  timestamptz(3),
  valid_until timestamptz(3),
  primary key (custodian, requester)
);

create table access_grant (
  id             text primary key,
  client         text not null references client,
  member         text not null references member,
  patient        text not null,
  purpose        text not null,
  -- domain/access/grant.ts, Grant, as JSON
  content        jsonb not null,
  -- the attest as it was signed, envelope-encrypted
  attest         bytea not null,
  parent         text references access_grant,
  issued_at      timestamptz(3) not null,
  expires_at     timestamptz(3) not null,
  revoked_at     timestamptz(3)
);
create index access_grant_live on access_grant (patient) where revoked_at is null;

-- Break-glass accesses wait here for the custodian's privacy officer.
create table break_glass_review (
  grant_id     text primary key references access_grant,
  custodians   text[] not null,
  raised_at    timestamptz(3) not null,
  reviewed_at  timestamptz(3),
  reviewed_by  text,
  finding      text
);

-- A token that was revoked before its time.
create table revoked_token (
  jti         text primary key,
  expires_at  timestamptz(3) not null
);

-- A DPoP proof or client assertion that has been used (RFC 9449 section 11.1, RFC 7523 section 3).
create table used_proof (
  id          text primary key,
  expires_at  timestamptz(3) not null
);
create index used_proof_expiry on used_proof (expires_at);

-- Every change that can narrow access, in commit order; nodes follow it (NOTIFY plus a re-read every 2 s).
create table access_change (
  seq   bigint generated always as identity primary key,
  -- 'member', 'client', 'agreement', 'grant', 'token', 'patient'
  kind  text not null,
  key   text not null,
  at    timestamptz(3) not null default now()
);

-- oidc-provider's storage port.
create table oidc (
  kind         text not null,
  id           text not null,
  payload      jsonb not null,
  grant_id     text,
  user_code    text,
  uid          text,
  expires_at   timestamptz,
  consumed_at  timestamptz,
  primary key (kind, id)
);
create index oidc_grant on oidc (grant_id);
create index oidc_uid on oidc (kind, uid);
create index oidc_expiry on oidc (expires_at);
