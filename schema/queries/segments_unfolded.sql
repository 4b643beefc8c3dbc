-- Quarters of an hour of which segments do not have all events and whose rows are all there, those
-- that reports are likeliest to be about first.
select distinct source, bucket
from rollup_types as rollup
join event_types on id = type_id
where events_in_segments <> events
    and not exists (
        select from expired_rows
        where expired_rows.bucket = rollup.bucket and expired_rows.type_id = rollup.type_id
    )
order by bucket desc, source
