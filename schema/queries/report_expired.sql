-- From when on all rows of some types are there, if rows of two ranges have expired.
select (
    select max(bucket) + interval '15 minutes'
    from expired_rows
    where type_id = any(%(types)s::smallint[])
)
where exists (
    select from expired_rows
    where type_id = any(%(types)s::smallint[])
        and bucket > %(head_start)s::timestamptz - interval '15 minutes'
        and bucket < %(head_end)s::timestamptz
) or exists (
    select from expired_rows
    where type_id = any(%(types)s::smallint[])
        and bucket > %(tail_start)s::timestamptz - interval '15 minutes'
        and bucket < %(tail_end)s::timestamptz
)
