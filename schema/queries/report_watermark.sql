-- The moment up to which every wanted source is complete, and its age in seconds.
select
    case when count(*) = cardinality(%(sources)s::text[]) then min(as_of) end,
    case
        when count(*) = cardinality(%(sources)s::text[])
        then greatest(0, extract(epoch from now() - min(as_of)))
    end
from watermarks
where source = any(%(sources)s::text[])
