-- The first small segments of a source that have at least and less than so many events.
select id, events
from segments
where source = %(source)s and events < 2048 and events >= %(least)s and events < %(less)s
order by id
limit 512
