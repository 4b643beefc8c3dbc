-- Some columns of some segments.
select
    id,
    case when 'occurred_at' = any(%(columns)s::text[]) then occurred_at end,
    case when 'type_id' = any(%(columns)s::text[]) then type_id end,
    case when 'person' = any(%(columns)s::text[]) then person end,
    case when 'age' = any(%(columns)s::text[]) then age end,
    case when 'gender' = any(%(columns)s::text[]) then gender end,
    case when 'device' = any(%(columns)s::text[]) then device end,
    case when 'followers' = any(%(columns)s::text[]) then followers end,
    case when 'watch_time' = any(%(columns)s::text[]) then watch_time end,
    case when 'percentage_watched' = any(%(columns)s::text[]) then percentage_watched end,
    case when 'revenue' = any(%(columns)s::text[]) then revenue end,
    case when 'country' = any(%(columns)s::text[]) then country end,
    case when 'city' = any(%(columns)s::text[]) then city end,
    case when 'campaign' = any(%(columns)s::text[]) then campaign end,
    case when 'item' = any(%(columns)s::text[]) then item end
from segments
where id = any(%(ids)s::bigint[])
