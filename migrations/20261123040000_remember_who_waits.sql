-- Since when a run asks something, or null: which runs wait must be found without reading what happened to all that ever were.
alter table runs add column asked_at timestamptz;
update runs set asked_at = (
    select case when e.kind = 'gate_opened' then e.at end from events e
    where e.run_id = runs.run_id and e.kind in ('gate_opened', 'attempt_started', 'stage_ended', 'ended') order by e.seq desc limit 1
);
create index runs_asking on runs (asked_at) where asked_at is not null;
drop index events_gates;
