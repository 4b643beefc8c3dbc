-- What logins of few rights call in place of having them (schema/roles): functions that run with
-- the rights of their owner, who made them, and may be called by those only whom schema/roles names.

-- What reports lock in place of events. To lock a table takes the right to read all of it, the raw
-- events too; what a view shows is locked with its owner's rights.
create view reported_events as select occurred_at from only events;

-- As before; and leaves everything alone that is no partition of events.
create or replace function expire_rows(partition text) returns bigint
language plpgsql set lock_timeout = '500ms' as $$
declare
    expired bigint;
begin
    if not pg_try_advisory_xact_lock(hashtextextended('hookstream.row_retention', 0)) then
        return null;
    end if;
    if not exists (
        select from pg_inherits
        where inhparent = 'events'::regclass and inhrelid = to_regclass(quote_ident(partition))
    ) then
        return 0;
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
    if expired > 0 then
        update row_changes set number = number + 1;
    end if;
    with bounds as materialized (
        select regexp_match(
            pg_get_expr(relpartbound, oid), 'FROM \(''(.+)''\) TO \(''(.+)''\)'
        ) as texts
        from pg_inherits
        join pg_class on oid = inhrelid
        where inhparent = 'events'::regclass
    ), partitions as materialized (
        select texts[1]::timestamptz as first, texts[2]::timestamptz as following from bounds
    )
    delete from segments
    where not exists (
        select from partitions where first <= last_at and following > first_at
    );
    return expired;
exception
    when undefined_table then
        return 0;
    when lock_not_available then
        return null;
end
$$;

-- To make and to drop a partition takes the owner. Days are the quarters' own: nobody writes them
-- but by writing quarters.
do $$
declare
    signature text;
begin
    foreach signature in array array[
        'ensure_partition(date)',
        'expire_rows(text)',
        'roll_up_seconds(timestamptz)',
        'roll_up_inserted()',
        'roll_up_updated()',
        'roll_up_deleted()'
    ] loop
        -- What names mean must not be the caller's to say, nor be looked for in temporary tables.
        execute format(
            'alter function %s security definer set search_path = %I, pg_temp',
            signature,
            current_schema()
        );
    end loop;
end
$$;

-- Everybody may call a function unless told otherwise.
revoke all on function
    ensure_partition, erased_since, record_erasure, erase_rows, expire_rows, hold_partitions,
    roll_up_seconds, hold_days, roll_up_inserted, roll_up_updated, roll_up_deleted, empty_days
from public;
