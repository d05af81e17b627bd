-- A run is what was asked for plus the events that happened to it; everything people see is folded from these.
create table runs (
    run_id       text primary key,
    -- The inbox key of the request: asking twice with one key is one run.
    request_key  text not null unique,
    project      text not null,
    request      jsonb not null,
    requested_at timestamptz not null,
    -- Whether Temporal has acknowledged the start; until then a resend is owed.
    sent         boolean not null default false,
    -- How often somebody else than who asked took it up to send it: from then on no single failure proves that nothing started.
    tries        integer not null default 0,
    try_at       timestamptz not null
);
create index runs_unsent on runs (try_at) where not sent;
create index runs_newest on runs (requested_at desc);

create table events (
    run_id text not null references runs,
    seq    bigint not null check (seq > 0),
    at     timestamptz not null,
    kind   text not null,
    body   jsonb not null,
    primary key (run_id, seq)
);

-- How far the current attempt is: newest wins, so one row a run.
create table progress (
    run_id text primary key references runs,
    body   jsonb not null,
    at     timestamptz not null
);

-- Full text of pipelines, prompts included, by SHA-256: history carries only the digest.
create table pipelines (
    digest text primary key,
    body   text not null
);

-- What an attempt changed, for the diff page: serve reads nothing but this database.
create table diffs (
    run_id  text not null references runs,
    stage   text not null,
    attempt integer not null,
    body    jsonb not null,
    primary key (run_id, stage, attempt)
);

-- Random keys of this installation, such as the one that signs links.
create table keys (
    name  text primary key,
    value bytea not null
);
