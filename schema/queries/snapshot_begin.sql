-- All in one round trip. None of it takes the transaction's snapshot. What the one shows has its
-- rows: they expire by dropping partitions, which a snapshot alone does not hold off. The view is of
-- events without its partitions, and who may not read all of events may lock it. To start parallel
-- workers takes milliseconds, as long as a report from rollups takes in all.
begin isolation level repeatable read read only;
set local statement_timeout = %(milliseconds)s;
set local parallel_setup_cost = 20000;
lock table reported_events in access share mode
