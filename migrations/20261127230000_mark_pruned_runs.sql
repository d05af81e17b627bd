-- Long after its end a run's work and logs are thrown away. Said before anything is, so that no other run takes them over meanwhile; its events stay.
alter table runs add column pruned_at timestamptz;
