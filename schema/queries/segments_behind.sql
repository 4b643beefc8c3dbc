-- Whether a range has events whose rows are there but which are not in segments yet. Days come first,
-- whatever the planner thinks of it: hardly ever there is one whose quarters have to be looked at.
select exists (
    select
    from (
        select day, day + interval '1 day' as following
        from rollup_days
        where type_id = any(%(types)s::smallint[])
            and day > %(start)s::timestamptz - interval '1 day'
            and day < %(end)s::timestamptz
            and events_in_segments <> events
        offset 0
    ) as doubtful
    cross join lateral (
        select
        from rollup_types as rollup
        where bucket >= day and bucket < following
            and type_id = any(%(types)s::smallint[])
            and bucket > %(start)s::timestamptz - interval '15 minutes'
            and bucket < %(end)s::timestamptz
            and events_in_segments <> events
            and not exists (
                select from expired_rows
                where expired_rows.bucket = rollup.bucket
                    and expired_rows.type_id = rollup.type_id
            )
        limit 1
    ) as behind
)
