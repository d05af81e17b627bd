-- Which runs do a run once more: its page and its status name them.
create index runs_again on runs ((request->'again'->>'run')) where request->'again'->>'run' is not null;
