-- Adds a batch to its rollup rows, in order, for the same reason as the keys.
insert into rollup_types as rollup (bucket, type_id, events, transactions, revenue)
select * from unnest(
    %(bucket)s::timestamptz[],
    %(type_id)s::smallint[],
    %(events)s::bigint[],
    %(transactions)s::bigint[],
    %(revenue)s::numeric[]
) as added (bucket, type_id, events, transactions, revenue)
order by bucket, type_id
on conflict (bucket, type_id) do update set
    events = rollup.events + excluded.events,
    transactions = rollup.transactions + excluded.transactions,
    revenue = rollup.revenue + excluded.revenue
