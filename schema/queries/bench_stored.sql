-- How many events are stored, and how many bytes of write-ahead log there have been.
select
    (select coalesce(sum(events), 0)::bigint from rollup_types),
    (pg_current_wal_lsn() - pg_lsn '0/0')::bigint
