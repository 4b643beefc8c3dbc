-- The segments that a transaction and later ones have written; times in microseconds since 2000.
select
    id,
    hashint8extended(id, 0),
    written_by::text::bigint,
    source,
    (extract(epoch from first_at - timestamptz '2000-01-01 00:00:00+00') * 1000000)::bigint,
    (extract(epoch from last_at - timestamptz '2000-01-01 00:00:00+00') * 1000000)::bigint,
    events
from segments
where written_by >= %(since)s::xid8
