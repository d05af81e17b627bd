-- A message may be outside its run's thread: in a direct conversation with a person.
alter table messages
    -- Null: in the channel of the thread.
    add column channel  text,
    -- Why Slack will not have it, drawn as `shown` says. It surely does not exist, and is not tried again for a while.
    add column given_up text;

alter table threads
    -- Since when it cannot be drawn; null: all is well.
    add column failing_since timestamptz,
    -- Nobody looks at it before, unless something happens to its run.
    add column retry_at      timestamptz;

-- The publisher looks four times a second: what is behind or due must be found without reading the threads of all runs that ever were.
create index threads_behind on threads (run_id) where drawn_seq < wanted_seq;
create index threads_due on threads (redraw_at) where redraw_at is not null;

-- Slack tells of messages that were deleted by their timestamp.
create index messages_by_ts on messages (ts);

-- Requests that were acted on are thrown away after a while.
create index inbox_done on inbox (received_at) where state = 'done';
