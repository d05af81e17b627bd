-- `waiting` and `doctor` tell which runs no worker can go on with. Few ever do.
create index events_without_worker on events (run_id) where kind = 'paused' and body->'pause'->>'for' = 'worker';
