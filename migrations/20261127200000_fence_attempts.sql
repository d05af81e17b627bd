-- Which worker has an attempt: one that was thought dead and comes back keeps nothing in another's place.
create table attempt_holders (
    run_id  text not null references runs,
    stage   text not null,
    attempt integer not null,
    -- One more each time somebody takes it.
    token   bigint not null,
    primary key (run_id, stage, attempt)
);
