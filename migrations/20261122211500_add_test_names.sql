-- Which tests ran in an attempt and which were skipped, by name: what went away since is told from two of these.
create table test_names (
    run_id  text not null references runs,
    stage   text not null,
    attempt integer not null,
    ran     text[] not null,
    skipped text[] not null,
    primary key (run_id, stage, attempt)
);
