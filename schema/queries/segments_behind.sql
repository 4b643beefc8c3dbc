-- Whether a range has events whose rows are there but which are not in segments yet.
select exists (
    select
    from rollup_types as rollup
    where type_id = any(%(types)s::smallint[])
        and bucket > %(start)s::timestamptz - interval '15 minutes'
        and bucket < %(end)s::timestamptz
        and events_in_segments <> events
        and not exists (
            select from expired_rows
            where expired_rows.bucket = rollup.bucket and expired_rows.type_id = rollup.type_id
        )
)
