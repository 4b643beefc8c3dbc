-- Whether a range has events whose rows are there but which are not in segments yet.
select exists (
    select
    from (
        select day, day + interval '1 day' as following
        from rollup_days
        where type_id = any(%(types)s::smallint[])
            and day > %(start)s::timestamptz - interval '1 day'
            and day < %(end)s::timestamptz
            and events_in_segments <> events
    ) as doubtful
    join rollup_types as rollup on bucket >= day and bucket < following
    where type_id = any(%(types)s::smallint[])
        and bucket > %(start)s::timestamptz - interval '15 minutes'
        and bucket < %(end)s::timestamptz
        and events_in_segments <> events
        and not exists (
            select from expired_rows
            where expired_rows.bucket = rollup.bucket and expired_rows.type_id = rollup.type_id
        )
)
