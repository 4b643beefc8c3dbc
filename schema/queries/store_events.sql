-- Moves the staged batch into the store: an event whose key is new becomes a row and is rolled
-- up; one whose key is known is a duplicate. Keys and rollup rows are written in order, so that
-- concurrent writers wait for each other but never in a circle.
with fresh as (
    insert into event_keys (key)
    select key from staging order by key
    on conflict do nothing
    returning key
), inserted as (
    insert into events (
        occurred_at, type_id, event_id, user_id, country, city, age, gender, followers, device,
        watch_time, percentage_watched, campaign_id, purchased_item, revenue, raw,
        stream_sequence, stream_position
    )
    select
        occurred_at, type_id, event_id, user_id, country, city, age, gender, followers, device,
        watch_time, percentage_watched, campaign_id, purchased_item, revenue, raw,
        stream_sequence, stream_position
    from staging
    join fresh using (key)
    returning occurred_at, type_id, revenue, stream_sequence
), rolled_up as (
    insert into rollup_types as rollup (bucket, type_id, events, transactions, revenue)
    select
        date_bin('15 minutes', occurred_at, timestamptz '2000-01-01 00:00:00+00') as bucket,
        type_id,
        count(*),
        count(revenue),
        coalesce(sum(revenue), 0)
    from inserted
    group by bucket, type_id
    order by bucket, type_id
    on conflict (bucket, type_id) do update set
        events = rollup.events + excluded.events,
        transactions = rollup.transactions + excluded.transactions,
        revenue = rollup.revenue + excluded.revenue
)
select stream_sequence, count(*) as stored
from inserted
group by stream_sequence
