-- Counts and revenue by type: whole buckets from the rollups, the rest from the rows.
select type_id, sum(events)::bigint, sum(transactions)::bigint, coalesce(sum(revenue), 0)
from (
    select type_id, events, transactions, revenue
    from rollup_types
    where type_id = any(%(types)s::smallint[])
        and bucket >= %(whole_start)s::timestamptz
        and bucket < %(whole_end)s::timestamptz
    union all
    select type_id, count(*), count(revenue), sum(revenue)
    from events
    where type_id = any(%(types)s::smallint[])
        and (
            (occurred_at >= %(head_start)s::timestamptz and occurred_at < %(head_end)s::timestamptz)
            or
            (occurred_at >= %(tail_start)s::timestamptz and occurred_at < %(tail_end)s::timestamptz)
        )
        and (%(campaign_id)s::text is null or campaign_id = %(campaign_id)s::text)
        and (%(country)s::text is null or country = %(country)s::text)
    group by type_id
) as pieces
group by type_id
