-- What differs whenever the answer about a range may: what its quarters of an hour have counted and
-- what of that has expired, both of which only grow, whose rows were changed, and which database
-- this is.
select
    (
        select coalesce(sum(events), 0)::text
        from rollup_types
        where type_id = any(%(types)s::smallint[])
            and bucket > %(start)s::timestamptz - interval '15 minutes'
            and bucket < %(end)s::timestamptz
    ),
    (
        select coalesce(sum(events), 0)::text
        from expired_rows
        where type_id = any(%(types)s::smallint[])
            and bucket > %(start)s::timestamptz - interval '15 minutes'
            and bucket < %(end)s::timestamptz
    ),
    (select number::text from row_changes),
    (select min(applied_at)::text from schema_migrations)
