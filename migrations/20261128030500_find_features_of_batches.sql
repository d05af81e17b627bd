-- The card of a batch shows what happens to the runs of its features.
create index runs_of_batch on runs ((request->'part_of'->>'batch')) where request->'part_of'->>'batch' is not null;
