-- Those of some quarters of an hour that rollup_seconds does not have all of.
select distinct bucket
from rollup_types
where bucket = any(%(quarters)s::timestamptz[])
    and type_id = any(%(types)s::smallint[])
    and events_in_seconds <> events
