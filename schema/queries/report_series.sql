-- Counts and revenue by type and interval: days, quarters of an hour before and after them, and what
-- the range has more (sign 1) or less (sign -1) at its ends, by seconds and by rows. Intervals begin
-- at `starts`, counted from 1.
select
    type_id,
    sum(events)::bigint,
    sum(transactions)::bigint,
    coalesce(sum(revenue), 0),
    width_bucket(moment, %(starts)s::timestamptz[]) - 1 as interval_index
from (
    select type_id, day as moment, events, transactions, revenue
    from rollup_days
    where type_id = any(%(types)s::smallint[])
        and day >= %(days_start)s::timestamptz
        and day < %(days_end)s::timestamptz
    union all
    select type_id, bucket, events, transactions, revenue
    from rollup_types
    where type_id = any(%(types)s::smallint[])
        and bucket >= %(before_start)s::timestamptz
        and bucket < %(before_end)s::timestamptz
    union all
    select type_id, bucket, events, transactions, revenue
    from rollup_types
    where type_id = any(%(types)s::smallint[])
        and bucket >= %(after_start)s::timestamptz
        and bucket < %(after_end)s::timestamptz
    union all
    select
        type_id,
        second,
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
        second,
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
        occurred_at,
        %(head_rows_sign)s::bigint,
        %(head_rows_sign)s::bigint * (revenue is not null)::integer,
        %(head_rows_sign)s::bigint * revenue
    from events
    where type_id = any(%(types)s::smallint[])
        and occurred_at >= %(head_rows_start)s::timestamptz
        and occurred_at < %(head_rows_end)s::timestamptz
    union all
    select
        type_id,
        occurred_at,
        %(tail_rows_sign)s::bigint,
        %(tail_rows_sign)s::bigint * (revenue is not null)::integer,
        %(tail_rows_sign)s::bigint * revenue
    from events
    where type_id = any(%(types)s::smallint[])
        and occurred_at >= %(tail_rows_start)s::timestamptz
        and occurred_at < %(tail_rows_end)s::timestamptz
) as pieces
group by type_id, interval_index
