-- What a quarter of an hour has in segments now.
update rollup_types as rollup
set events_in_segments = events_in_segments + added.events
from unnest(%(types)s::smallint[], %(counts)s::bigint[]) as added (type_id, events)
where rollup.type_id = added.type_id and bucket = %(quarter)s
