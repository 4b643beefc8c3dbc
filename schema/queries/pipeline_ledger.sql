-- What became of the events of all processed messages, by source.
select
    source,
    sum(events)::bigint,
    sum(stored)::bigint,
    sum(duplicates)::bigint,
    sum(rejected)::bigint
from messages
group by source
