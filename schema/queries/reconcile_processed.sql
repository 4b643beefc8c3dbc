-- The messages of the present stream that the ledger has, and how many events it knows of each.
select stream_sequence, events
from messages
where published_at >= %(created)s and stream_sequence between 1 and %(last)s
