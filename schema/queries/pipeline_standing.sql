-- What the connector last said of each source, and how old that is, in seconds.
select
    wanted.source,
    as_of,
    case when as_of is not null then greatest(0, extract(epoch from now() - as_of)) end
        ::double precision,
    pending_messages,
    oldest_pending_at,
    dead_letters,
    pipeline.observed_at,
    extract(epoch from now() - pipeline.observed_at)::double precision
from unnest(%(sources)s::text[]) with ordinality as wanted (source, place)
left join watermarks using (source)
left join pipeline using (source)
order by place
