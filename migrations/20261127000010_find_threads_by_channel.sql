-- A reply names any workspace of an organisation; its channel has one name in all of them.
create index threads_by_channel on threads (channel, root_ts);
