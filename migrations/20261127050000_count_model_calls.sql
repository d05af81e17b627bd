-- What each call of a model cost: written before it is made, so that none is ever forgotten.
create table model_calls (
    id             bigint generated always as identity primary key,
    run_id         text not null references runs,
    stage          text not null,
    attempt        integer not null,
    at             timestamptz not null default now(),
    -- How it is counted: 'open' and 'cut' at what is known plus an estimate, 'closed' as its provider counted it.
    state          text not null default 'open' check (state in ('open', 'closed', 'cut')),
    -- None where an agent says by itself what it used, without a call of ours: one row for each attempt.
    model          text,
    -- Which table priced it.
    price          text not null,
    -- What the provider answered; 0 while it has not.
    status         smallint not null default 0,
    input          bigint not null default 0,
    output         bigint not null default 0,
    cache_read     bigint not null default 0,
    cache_write    bigint not null default 0,
    cache_write_1h bigint not null default 0,
    web_searches   bigint not null default 0,
    cost_nanos     bigint not null,
    closed_at      timestamptz
);
create index model_calls_attempt on model_calls (run_id, stage, attempt);
create unique index model_calls_told on model_calls (run_id, stage, attempt) where model is null;
