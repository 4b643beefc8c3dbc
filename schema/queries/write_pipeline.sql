insert into pipeline (source, pending_messages, oldest_pending_at, dead_letters, observed_at)
select source, pending_messages, oldest_pending_at, dead_letters, now()
from unnest(
    %(source)s::text[],
    %(pending_messages)s::bigint[],
    %(oldest_pending_at)s::timestamptz[],
    %(dead_letters)s::bigint[]
) as seen (source, pending_messages, oldest_pending_at, dead_letters)
on conflict (source) do update set
    pending_messages = excluded.pending_messages,
    oldest_pending_at = excluded.oldest_pending_at,
    dead_letters = excluded.dead_letters,
    observed_at = excluded.observed_at
