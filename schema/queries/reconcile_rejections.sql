-- Messages of the present stream with events that were rejected.
select stream_sequence, source, rejected, rejected = events
from messages
where rejected > 0 and published_at >= %(created)s and stream_sequence between 1 and %(last)s
order by stream_sequence
