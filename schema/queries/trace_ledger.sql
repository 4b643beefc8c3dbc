-- Processed messages that hold events of a request, or of a trace.
select
    stream_sequence, published_at, source, received_at, correlation_ids, trace_contexts,
    events, stored, duplicates, rejected, stored_at
from messages
where
    position(' ' || %(id)s || '*' in ' ' || correlation_ids) > 0
    or position('-' || %(id)s || '-' in trace_contexts) > 0
order by published_at, stream_sequence
limit %(most)s
