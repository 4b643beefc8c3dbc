-- Holds a quarter of an hour: who has added to it is waited for, and who wants to waits.
select type_id
from rollup_types
where bucket = %(quarter)s and type_id = any(%(types)s::smallint[])
order by type_id
for update
