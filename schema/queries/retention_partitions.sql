-- The partitions of which every row has been kept for so many days.
select name
from (
    select
        inhrelid::regclass::text as name,
        (regexp_match(pg_get_expr(relpartbound, inhrelid), 'TO \(''(.+)''\)'))[1]::timestamptz as limits
    from pg_inherits
    join pg_class on pg_class.oid = inhrelid
    where inhparent = 'events'::regclass
) as partitions
where limits <= now() - make_interval(hours => 24 * %(days)s)
order by limits
