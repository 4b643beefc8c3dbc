-- Adds a batch to its seconds, after their quarters of an hour: who holds those has these.
insert into rollup_seconds as rollup (second, type_id, events, transactions, revenue)
select to_timestamp(second), type_id, events, transactions, revenue
from unnest(
    %(second)s::bigint[],
    %(type_id)s::smallint[],
    %(events)s::bigint[],
    %(transactions)s::bigint[],
    %(revenue)s::numeric[]
) as added (second, type_id, events, transactions, revenue)
order by 1, 2
on conflict (second, type_id) do update set
    events = rollup.events + excluded.events,
    transactions = rollup.transactions + excluded.transactions,
    revenue = rollup.revenue + excluded.revenue
