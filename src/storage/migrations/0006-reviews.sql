-- Each custodian that was overridden reviews an emergency access for itself.

create table break_glass_finding (
  grant_id     text not null references break_glass_review,
  custodian    text not null references member,
  reviewed_at  timestamptz(3) not null,
  -- the privacy officer: practitioner handle or client
  reviewed_by  text not null,
  finding      text not null check (finding in ('justified', 'not-justified')),
  note         text,
  primary key (grant_id, custodian)
);
create index break_glass_review_by_custodian on break_glass_review using gin (custodians);
alter table break_glass_review drop column reviewed_at, drop column reviewed_by, drop column finding;
