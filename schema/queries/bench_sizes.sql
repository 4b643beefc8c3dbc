-- What each table takes on disk, its partitions, indexes and TOAST included, in bytes.
select coalesce(pg_partition_root(oid), oid)::regclass::text, sum(pg_total_relation_size(oid))::bigint
from pg_class
where relkind = 'r' and relnamespace = current_schema()::regnamespace
group by 1
