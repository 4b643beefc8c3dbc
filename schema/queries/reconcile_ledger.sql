-- The ledger's sums by source, and the rows that do not add up in themselves.
select
    source,
    count(*),
    sum(events)::bigint,
    sum(stored)::bigint,
    sum(duplicates)::bigint,
    sum(rejected)::bigint,
    count(*) filter (where events <> stored + duplicates + rejected),
    coalesce(
        (array_agg(stream_sequence) filter (where events <> stored + duplicates + rejected))[1:5],
        '{}'
    )
from messages
group by source
