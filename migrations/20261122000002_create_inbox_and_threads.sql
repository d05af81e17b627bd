-- Requests are durable before they are acknowledged, and keyed so that a repeated delivery is one request.
create table inbox (
    key         text primary key,
    kind        text not null,
    payload     jsonb not null,
    received_at timestamptz not null,
    -- new: not acted on yet · unsure: sent to Temporal, answer lost · done
    state       text not null default 'new' check (state in ('new', 'unsure', 'done')),
    reply       text,
    tries       integer not null default 0,
    try_at      timestamptz not null
);
create index inbox_open on inbox (try_at) where state <> 'done';

-- A run's thread in Slack: behind while drawn_seq < wanted_seq or redraw_at has come.
create table threads (
    run_id      text primary key references runs,
    team        text not null,
    channel     text not null,
    root_ts     text,
    wanted_seq  bigint not null default 0,
    drawn_seq   bigint not null default -1,
    redraw_at   timestamptz,
    lease_until timestamptz,
    fence       bigint not null default 0,
    -- After failures: how many, and why the last one.
    failures    integer not null default 0,
    trouble     text
);
create index threads_by_root on threads (team, channel, root_ts);

-- One row per message that should exist; the intent is committed before the post is made.
create table messages (
    run_id     text not null references threads,
    key        text not null,
    ts         text,
    -- Digest of what was last shown; a drawing with the same digest is not sent again.
    shown      text,
    claimed_at timestamptz not null,
    primary key (run_id, key)
);
