-- What was spent in a time.
create index model_calls_time on model_calls (at);
