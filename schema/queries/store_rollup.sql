-- Adds a batch to its quarters of an hour, in order, for the same reason as the keys.
insert into rollup_types as rollup (
    bucket, type_id, events, transactions, revenue, events_in_seconds, events_in_segments
)
select
    date_bin('15 minutes', to_timestamp(second), timestamptz '2000-01-01 00:00:00+00') as bucket,
    type_id,
    sum(events),
    sum(transactions),
    sum(revenue),
    sum(events),
    sum(events)
from unnest(
    %(second)s::bigint[],
    %(type_id)s::smallint[],
    %(events)s::bigint[],
    %(transactions)s::bigint[],
    %(revenue)s::numeric[]
) as added (second, type_id, events, transactions, revenue)
group by 1, 2
order by 1, 2
on conflict (bucket, type_id) do update set
    events = rollup.events + excluded.events,
    transactions = rollup.transactions + excluded.transactions,
    revenue = rollup.revenue + excluded.revenue,
    events_in_seconds = rollup.events_in_seconds + excluded.events_in_seconds,
    events_in_segments = rollup.events_in_segments + excluded.events_in_segments
