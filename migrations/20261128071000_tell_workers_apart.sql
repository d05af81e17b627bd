-- In containers, two workers may have the same hostname and the same process number, and count as two all the same. What `process` holds is drawn
-- by each start of a worker, and greater than any process number; in rows of older programs it is that number.
alter table workers
    add column pid bigint,
    -- Where its process number is its own: a boot of a machine, and a pid namespace there.
    add column pid_namespace text;
