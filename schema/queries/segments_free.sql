-- Segments, until the transaction ends, without those that somebody else is changing.
select
    source, occurred_at, type_id, person, age, gender, device, followers, watch_time,
    percentage_watched, revenue, country, city, campaign, item, stream_sequence, stream_position
from segments
where id = any(%(ids)s::bigint[])
order by id
for update skip locked
