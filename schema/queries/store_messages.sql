-- What became of packed messages. A redelivery finds its message here and changes nothing, unless
-- it stores events that were given up before.
insert into messages as known (
    stream_sequence, published_at, source, received_at, correlation_ids, events, stored,
    duplicates, rejected, trace_contexts
)
select * from unnest(
    %(stream_sequence)s::bigint[],
    %(published_at)s::timestamptz[],
    %(source)s::text[],
    %(received_at)s::timestamptz[],
    %(correlation_ids)s::text[],
    %(events)s::integer[],
    %(stored)s::integer[],
    %(duplicates)s::integer[],
    %(rejected)s::integer[],
    %(trace_contexts)s::text[]
)
on conflict (stream_sequence, published_at) do update set
    stored = known.stored + excluded.stored,
    rejected = known.rejected - excluded.stored
where excluded.stored > 0 and known.rejected >= excluded.stored
