-- Claims the identities of a batch and returns those that were claimed before. Keys are written
-- in order, so that concurrent writers wait for each other but never in a circle. The keys are
-- distinct: if as many are fresh, nobody need compare them.
with wanted as (
    select unnest(%(keys)s::uuid[]) as key
), fresh as (
    insert into event_keys (key)
    select key from wanted order by key
    on conflict do nothing
    returning key
)
select uuid_send(key) from wanted
where (select count(*) from fresh) < cardinality(%(keys)s::uuid[])
except
select uuid_send(key) from fresh
