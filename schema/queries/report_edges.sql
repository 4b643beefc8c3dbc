-- Whether rollup_seconds lacks events of some quarters of an hour, and from when on all rows of some
-- types are there, if rows of two ranges have expired.
select
    exists (
        select from rollup_types
        where bucket = any(%(quarters)s::timestamptz[])
            and type_id = any(%(types)s::smallint[])
            and events_in_seconds <> events
    ),
    case
        when exists (
            select from expired_rows
            where type_id = any(%(types)s::smallint[])
                and bucket > %(head_start)s::timestamptz - interval '15 minutes'
                and bucket < %(head_end)s::timestamptz
        ) or exists (
            select from expired_rows
            where type_id = any(%(types)s::smallint[])
                and bucket > %(tail_start)s::timestamptz - interval '15 minutes'
                and bucket < %(tail_end)s::timestamptz
        )
        then (
            select max(bucket) + interval '15 minutes'
            from expired_rows
            where type_id = any(%(types)s::smallint[])
        )
    end
