-- Claims the identities of a batch and returns those that were claimed before. Keys are written
-- in order, so that concurrent writers wait for each other but never in a circle.
with wanted as (
    select unnest(%(keys)s::uuid[]) as key
), fresh as (
    insert into event_keys (key)
    select key from wanted order by key
    on conflict do nothing
    returning key
)
select uuid_send(key) from wanted
except
select uuid_send(key) from fresh
