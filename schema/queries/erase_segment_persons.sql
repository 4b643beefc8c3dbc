-- Some segments after another, and whose events they hold.
select id, person
from segments
where id > %(after)s and source = any(%(sources)s::text[]) and person is not null
order by id
limit 64
