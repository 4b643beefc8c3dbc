select inhrelid::regclass::text
from pg_inherits
where inhparent = 'events'::regclass
order by 1
