select
    timestamptz_send(occurred_at), type_id, user_id, country, city, age, gender, followers, device,
    watch_time, percentage_watched, campaign_id, purchased_item, revenue, stream_sequence,
    stream_position
from events
where occurred_at >= %(start)s::timestamptz
    and occurred_at < %(end)s::timestamptz
    and type_id = any(%(types)s::smallint[])
order by occurred_at
