-- When messages were published. A sequence may be that of several, in streams that are gone: the
-- first of them.
select stream_sequence, min(published_at)
from messages
where stream_sequence = any(%(sequences)s::bigint[])
group by stream_sequence
