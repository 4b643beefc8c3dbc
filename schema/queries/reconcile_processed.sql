-- The messages of the present stream that the ledger has.
select stream_sequence
from messages
where published_at >= %(created)s and stream_sequence between 1 and %(last)s
