-- Which events the segments have that a time touches.
select occurred_at, type_id, stream_sequence, stream_position
from segments
where source = %(source)s and last_at >= %(start)s::timestamptz and first_at < %(end)s::timestamptz
