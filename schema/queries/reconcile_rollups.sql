-- What segments have to hold by quarters of an hour, counted from 2000: how many events there are,
-- how many are said to be in segments, and whether rows of it have expired.
select
    source,
    type_id,
    (extract(epoch from bucket)::bigint - 946684800) / 900,
    events,
    events_in_segments,
    exists (
        select from expired_rows
        where expired_rows.bucket = rollup.bucket and expired_rows.type_id = rollup.type_id
    )
from rollup_types as rollup
join event_types on id = type_id
