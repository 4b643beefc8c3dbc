-- Quarters of an hour that rollup_seconds does not have all of and whose rows are all there, those
-- that reports are likeliest to be about first.
select distinct bucket
from rollup_types as rollup
where events_in_seconds <> events
    and not exists (
        select from expired_rows
        where expired_rows.bucket = rollup.bucket and expired_rows.type_id = rollup.type_id
    )
order by bucket desc
