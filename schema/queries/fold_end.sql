-- Where so many rows from a moment on end.
select occurred_at
from events
where occurred_at >= %(start)s::timestamptz
    and occurred_at < %(end)s::timestamptz
    and type_id = any(%(types)s::smallint[])
order by occurred_at
offset %(events)s
limit 1
