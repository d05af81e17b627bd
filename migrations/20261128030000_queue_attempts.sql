-- How many attempts are at work at once, and who is next: an attempt waits here for a slot, holds it, and has given it back.
create table slots (
    id          bigint generated always as identity primary key,
    run_id      text not null,
    stage       text not null,
    attempt     integer not null,
    project     text not null,
    person      text not null,
    -- The workspace of its thread.
    team        text,
    -- Whether its run had a slot before: what is begun goes first.
    begun       boolean not null,
    asked_at    timestamptz not null default clock_timestamp(),
    -- When a worker last said that somebody waits for it, or works in it. Rows of workflows that were terminated go out of date by it.
    seen_at     timestamptz not null default clock_timestamp(),
    granted_at  timestamptz,
    released_at timestamptz
);
create unique index slots_open on slots (run_id, stage, attempt) where released_at is null;
-- How long slots are held follows from those that came back.
create index slots_released on slots (released_at) where granted_at is not null;

-- Worker processes that live, and how many attempts each takes at once.
create table workers (
    host       text not null,
    process    bigint not null,
    slots      integer not null,
    started_at timestamptz not null default now(),
    seen_at    timestamptz not null default now(),
    primary key (host, process)
);
