select count(*)
from events
where user_id = %(person)s and type_id = any(%(types)s::smallint[])
