-- Which of some messages the ledger knows.
select stream_sequence
from unnest(%(sequences)s::bigint[], %(moments)s::timestamptz[]) as wanted (
    stream_sequence, published_at
)
join messages using (stream_sequence, published_at)
