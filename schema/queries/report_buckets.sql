-- The first and the last quarter of an hour that have events of some types.
select min(bucket), max(bucket)
from rollup_types
where type_id = any(%(types)s::smallint[])
