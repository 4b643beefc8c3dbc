-- What differs whenever the answer about a range may: what its quarters of an hour have counted,
-- which only grows, how often rows were changed or have expired, and which database this is.
select
    (
        select sum(events)::text
        from (
            select events
            from rollup_days
            where type_id = any(%(types)s::smallint[])
                and day >= %(days_start)s::timestamptz
                and day < %(days_end)s::timestamptz
            union all
            select events
            from rollup_types
            where type_id = any(%(types)s::smallint[])
                and bucket >= %(before_start)s::timestamptz
                and bucket < %(before_end)s::timestamptz
            union all
            select events
            from rollup_types
            where type_id = any(%(types)s::smallint[])
                and bucket >= %(after_start)s::timestamptz
                and bucket < %(after_end)s::timestamptz
        ) as counted
    ),
    (select number::text from row_changes),
    (select min(applied_at)::text from schema_migrations)
