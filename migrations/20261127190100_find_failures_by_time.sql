-- Which runs had attempts that failed in a time.
create index events_attempt_ended on events (at) where kind = 'attempt_ended';
