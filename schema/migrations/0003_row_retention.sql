-- Rows that have expired. What they counted stays on record, beside the rollups, so that rollups
-- and ledger can still be proved.

-- Rows of a quarter of an hour may expire more than once: late ones get a partition anew.
create table expired_rows (
    bucket timestamptz not null,
    type_id smallint not null,
    events bigint not null,
    transactions bigint not null,
    revenue numeric not null,
    primary key (bucket, type_id)
);

-- Drops a partition of events, records what it counted and returns how many rows there were, 0 if
-- it is gone. Returns null when somebody is in the way: nothing is changed then, and nobody has
-- waited for it longer than the lock timeout. That is below the deadlock timeout, so that a writer
-- of a late event, which may wait for this as this waits for it, is never the one to give up.
create function expire_rows(partition text) returns bigint
language plpgsql set lock_timeout = '500ms' as $$
declare
    expired bigint;
begin
    if not pg_try_advisory_xact_lock(hashtextextended('hookstream.row_retention', 0)) then
        return null;
    end if;
    execute format('lock table %I in share row exclusive mode', partition);
    execute format($sums$
        with sums as (
            select
                date_bin('15 minutes', occurred_at, timestamptz '2000-01-01 00:00:00+00') as bucket,
                type_id,
                count(*) as events,
                count(revenue) as transactions,
                coalesce(sum(revenue), 0) as revenue
            from %I
            group by 1, 2
        ), added as (
            insert into expired_rows as known (bucket, type_id, events, transactions, revenue)
            select bucket, type_id, events, transactions, revenue from sums
            on conflict (bucket, type_id) do update set
                events = known.events + excluded.events,
                transactions = known.transactions + excluded.transactions,
                revenue = known.revenue + excluded.revenue
        )
        select coalesce(sum(events), 0) from sums
    $sums$, partition) into expired;
    execute format('drop table %I', partition);
    return expired;
exception
    when undefined_table then
        return 0;
    when lock_not_available then
        return null;
end
$$;

-- Makes room for days whose partitions have expired, and keeps them until the transaction ends.
create function hold_partitions(days date[]) returns void language plpgsql as $$
begin
    perform pg_advisory_xact_lock_shared(hashtextextended('hookstream.row_retention', 0));
    perform ensure_partition(day) from unnest(days) as day;
end
$$;
