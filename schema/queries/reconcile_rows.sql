-- Rows, present and expired, against rollups, quarter of an hour by quarter of an hour, as sums by
-- source; and of each kind of difference the first few groups. Quarters are held against their
-- seconds and days too.
with recorded as (
    select
        type_id,
        date_bin('15 minutes', occurred_at, timestamptz '2000-01-01 00:00:00+00') as bucket,
        count(*) as events,
        0::bigint as expired,
        count(revenue) as transactions,
        coalesce(sum(revenue), 0) as revenue
    from events
    group by 1, 2
    union all
    select type_id, bucket, 0, events, transactions, revenue
    from expired_rows
), counted as (
    select
        type_id,
        bucket,
        sum(events)::bigint as events,
        sum(expired)::bigint as expired,
        sum(transactions)::bigint as transactions,
        sum(revenue) as revenue
    from recorded
    group by 1, 2
), seconds as (
    select
        type_id,
        date_bin('15 minutes', second, timestamptz '2000-01-01 00:00:00+00') as bucket,
        sum(events) as events_in_seconds,
        sum(transactions) as transactions,
        sum(revenue) as revenue
    from rollup_seconds
    group by 1, 2
), rollup as (
    select
        type_id,
        bucket,
        quarters.events,
        quarters.transactions,
        quarters.revenue,
        (
            coalesce(quarters.events_in_seconds, 0) <> coalesce(seconds.events_in_seconds, 0)
            or (
                quarters.events_in_seconds = quarters.events
                and quarters.transactions <> seconds.transactions
            )
        ) as has_other_counts,
        (
            quarters.events_in_seconds = quarters.events and quarters.revenue <> seconds.revenue
        ) as has_other_revenue
    from rollup_types as quarters
    full join seconds using (type_id, bucket)
), days as (
    select
        type_id,
        date_trunc('day', bucket, 'UTC') as day,
        sum(events) as events,
        sum(transactions) as transactions,
        sum(revenue) as revenue,
        sum(events_in_segments) as events_in_segments
    from rollup_types
    group by 1, 2
), compared as (
    select
        type_id,
        bucket,
        coalesce(counted.events, 0) as rows,
        coalesce(counted.expired, 0) as expired,
        coalesce(rollup.events, 0) as rolled_up,
        coalesce(counted.transactions, 0) as transactions,
        coalesce(rollup.transactions, 0) as transactions_rolled_up,
        coalesce(counted.revenue, 0) as revenue,
        coalesce(rollup.revenue, 0) as revenue_rolled_up,
        coalesce(rollup.has_other_counts, false) as has_other_counts,
        coalesce(rollup.has_other_revenue, false) as has_other_revenue
    from counted
    full join rollup using (type_id, bucket)
    union all
    select
        type_id,
        day,
        0,
        0,
        0,
        0,
        0,
        0,
        0,
        (days.events, days.transactions, days.events_in_segments)
        is distinct from (
            rollup_days.events, rollup_days.transactions, rollup_days.events_in_segments
        ),
        days.revenue is distinct from rollup_days.revenue
    from days
    full join rollup_days using (type_id, day)
), named as (
    select
        compared.*,
        source,
        event_type || ' ' || to_char(bucket at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI"Z"') as place
    from compared
    join event_types on id = type_id
)
select
    source,
    sum(rows)::bigint,
    sum(rolled_up)::bigint,
    sum(revenue),
    sum(revenue_rolled_up),
    coalesce(
        (
            array_agg(place order by place) filter (
                where rows + expired <> rolled_up
                    or transactions <> transactions_rolled_up
                    or has_other_counts
            )
        )[1:5],
        '{}'
    ),
    coalesce(
        (
            array_agg(place order by place) filter (
                where revenue <> revenue_rolled_up or has_other_revenue
            )
        )[1:5],
        '{}'
    ),
    sum(expired)::bigint
from named
group by source
