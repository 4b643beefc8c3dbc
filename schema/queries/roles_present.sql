-- How many of some roles there are, and whether whoever asks is a member of all of those.
select count(*), coalesce(bool_and(pg_has_role(oid, 'member')), false)
from pg_roles
where rolname = any(%(names)s::text[])
