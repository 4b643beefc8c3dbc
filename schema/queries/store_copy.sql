copy events (
    occurred_at, type_id, event_id, user_id, country, city, age, gender, followers, device,
    watch_time, percentage_watched, campaign_id, purchased_item, revenue, raw, stream_sequence,
    stream_position
) from stdin (format binary)
