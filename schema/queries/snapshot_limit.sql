-- Neither statement takes the transaction's snapshot. What the one shows has its rows: they expire
-- by dropping partitions, which a snapshot alone does not hold off.
set local statement_timeout = %(milliseconds)s;
lock table only events in access share mode
