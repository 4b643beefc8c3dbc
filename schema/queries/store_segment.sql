insert into segments (
    source, first_at, last_at, events, occurred_at, type_id, person, age, gender, device,
    followers, watch_time, percentage_watched, revenue, country, city, campaign, item,
    stream_sequence, stream_position
)
values (
    %(source)s, %(first_at)s, %(last_at)s, %(events)s, %(occurred_at)s, %(type_id)s, %(person)s,
    %(age)s, %(gender)s, %(device)s, %(followers)s, %(watch_time)s, %(percentage_watched)s,
    %(revenue)s, %(country)s, %(city)s, %(campaign)s, %(item)s, %(stream_sequence)s,
    %(stream_position)s
)
