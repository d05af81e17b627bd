-- What somebody was told about a run once, and is not told again: that their words are for nobody here.
create table told_once (
    run_id      text not null references runs,
    person      text not null,
    what        text not null,
    -- The request that was answered so: acted on again, it is answered again.
    request_key text not null,
    primary key (run_id, person, what)
);

-- Which runs ask something must be found without reading the events of all runs that ever were.
create index events_gates on events (run_id) where kind = 'gate_opened';
create index events_ended on events (run_id) where kind = 'ended';

-- Somebody answers below a message that we wrote to them directly.
create index messages_direct on messages (channel, ts) where channel is not null;
