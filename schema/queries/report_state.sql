-- What differs whenever the answer about a range may: what its quarters of an hour have counted,
-- which only grows, how often rows were changed or have expired, and which database this is. Then
-- the moment up to which every wanted source is complete, and its age in seconds.
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
    (select min(applied_at)::text from schema_migrations),
    fresh.as_of,
    case when fresh.as_of is not null then greatest(0, extract(epoch from now() - fresh.as_of)) end
from (
    select case when count(*) = cardinality(%(sources)s::text[]) then min(as_of) end as as_of
    from watermarks
    where source = any(%(sources)s::text[])
) as fresh
