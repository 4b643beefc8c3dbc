-- Counts and revenue by type: days, quarters of an hour before and after them, and what the range
-- has more (sign 1) or less (sign -1) at its ends, by seconds and by rows.
select type_id, sum(events)::bigint, sum(transactions)::bigint, coalesce(sum(revenue), 0)
from (
    select type_id, events, transactions, revenue
    from rollup_days
    where type_id = any(%(types)s::smallint[])
        and day >= %(days_start)s::timestamptz
        and day < %(days_end)s::timestamptz
    union all
    select type_id, events, transactions, revenue
    from rollup_types
    where type_id = any(%(types)s::smallint[])
        and bucket >= %(before_start)s::timestamptz
        and bucket < %(before_end)s::timestamptz
    union all
    select type_id, events, transactions, revenue
    from rollup_types
    where type_id = any(%(types)s::smallint[])
        and bucket >= %(after_start)s::timestamptz
        and bucket < %(after_end)s::timestamptz
    union all
    select
        type_id,
        %(head_seconds_sign)s::bigint * events,
        %(head_seconds_sign)s::bigint * transactions,
        %(head_seconds_sign)s::bigint * revenue
    from rollup_seconds
    where type_id = any(%(types)s::smallint[])
        and second >= %(head_seconds_start)s::timestamptz
        and second < %(head_seconds_end)s::timestamptz
    union all
    select
        type_id,
        %(tail_seconds_sign)s::bigint * events,
        %(tail_seconds_sign)s::bigint * transactions,
        %(tail_seconds_sign)s::bigint * revenue
    from rollup_seconds
    where type_id = any(%(types)s::smallint[])
        and second >= %(tail_seconds_start)s::timestamptz
        and second < %(tail_seconds_end)s::timestamptz
    union all
    select
        type_id,
        %(head_rows_sign)s::bigint * count(*),
        %(head_rows_sign)s::bigint * count(revenue),
        %(head_rows_sign)s::bigint * sum(revenue)
    from events
    where type_id = any(%(types)s::smallint[])
        and occurred_at >= %(head_rows_start)s::timestamptz
        and occurred_at < %(head_rows_end)s::timestamptz
    group by type_id
    union all
    select
        type_id,
        %(tail_rows_sign)s::bigint * count(*),
        %(tail_rows_sign)s::bigint * count(revenue),
        %(tail_rows_sign)s::bigint * sum(revenue)
    from events
    where type_id = any(%(types)s::smallint[])
        and occurred_at >= %(tail_rows_start)s::timestamptz
        and occurred_at < %(tail_rows_end)s::timestamptz
    group by type_id
) as pieces
group by type_id
