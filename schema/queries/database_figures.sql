-- The database as its server counts it; totals are since the statistics began.
select
    pg_database_size(current_database()),
    numbackends,
    current_setting('max_connections')::integer,
    (
        select coalesce(max(extract(epoch from now() - xact_start)), 0)::double precision
        from pg_stat_activity
        where datname = current_database() and backend_type = 'client backend'
    ),
    xact_commit,
    xact_rollback,
    blks_hit,
    blks_read,
    tup_inserted,
    deadlocks
from pg_stat_database
where datname = current_database()
