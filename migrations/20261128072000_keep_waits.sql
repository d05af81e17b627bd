-- An attempt waits for its slot without a process that waits with it: by this, Temporal knows its wait, and every worker that lives can say that it
-- goes on, and end it.
alter table slots add column wait_token bytea;
create index slots_waits on slots (seen_at) where wait_token is not null;
