-- Which of some persons were erased, and up to when.
select uuid_send(tombstone), erased_at
from erased_users
where tombstone = any(%(persons)s::uuid[])
