-- Rollups of whole days UTC, for long ranges: what rollup_types has of a day, at every moment.
-- Triggers keep it so; collectors of an older version do not leave it behind.
create table rollup_days (
    day timestamptz not null,
    type_id smallint not null,
    events bigint not null,
    transactions bigint not null,
    revenue numeric not null,
    events_in_segments bigint not null,
    primary key (day, type_id)
) with (fillfactor = 50);

-- Waits for whoever else adds to days of the types' sources, until the transaction ends. A trigger
-- comes to what an upsert has updated and to what it has inserted one after the other: without
-- this, two writers may have a day each that the other one needs. Whoever has this has the quarters
-- that it writes, and waits for nobody any more; what is written at once is of one source.
create function hold_days(types smallint[]) returns void language plpgsql as $$
begin
    perform pg_advisory_xact_lock(hashtextextended('hookstream.rollup_days.' || source, 0))
    from (select distinct source from event_types where id = any(types) order by source) as held;
end
$$;

-- Adds to days what a statement has inserted into rollup_types.
create function roll_up_inserted() returns trigger language plpgsql as $$
begin
    perform hold_days(array(select type_id from inserted));
    insert into rollup_days as known (
        day, type_id, events, transactions, revenue, events_in_segments
    )
    select
        date_trunc('day', bucket, 'UTC'),
        type_id,
        sum(events),
        sum(transactions),
        sum(revenue),
        sum(events_in_segments)
    from inserted
    group by 1, 2
    on conflict (day, type_id) do update set
        events = known.events + excluded.events,
        transactions = known.transactions + excluded.transactions,
        revenue = known.revenue + excluded.revenue,
        events_in_segments = known.events_in_segments + excluded.events_in_segments;
    return null;
end
$$;

-- Adds to days by how much a statement has changed rows of rollup_types. Their days are there.
create function roll_up_updated() returns trigger language plpgsql as $$
begin
    perform hold_days(array(
        select type_id
        from after
        join before using (bucket, type_id)
        where (after.events, after.transactions, after.revenue, after.events_in_segments)
            <> (before.events, before.transactions, before.revenue, before.events_in_segments)
    ));
    update rollup_days as known set
        events = known.events + added.events,
        transactions = known.transactions + added.transactions,
        revenue = known.revenue + added.revenue,
        events_in_segments = known.events_in_segments + added.events_in_segments
    from (
        select
            date_trunc('day', bucket, 'UTC') as day,
            type_id,
            sum(after.events - before.events) as events,
            sum(after.transactions - before.transactions) as transactions,
            sum(after.revenue - before.revenue) as revenue,
            sum(after.events_in_segments - before.events_in_segments) as events_in_segments
        from after
        join before using (bucket, type_id)
        group by 1, 2
    ) as added
    where known.day = added.day
        and known.type_id = added.type_id
        and (added.events, added.transactions, added.revenue, added.events_in_segments)
        <> (0, 0, 0, 0);
    return null;
end
$$;

-- Rolls up anew the days of which a statement has deleted rows of rollup_types.
create function roll_up_deleted() returns trigger language plpgsql as $$
begin
    perform hold_days(array(select type_id from deleted));
    delete from rollup_days
    where (day, type_id) in (select date_trunc('day', bucket, 'UTC'), type_id from deleted);
    insert into rollup_days (day, type_id, events, transactions, revenue, events_in_segments)
    select
        date_trunc('day', bucket, 'UTC'),
        type_id,
        sum(events),
        sum(transactions),
        sum(revenue),
        sum(events_in_segments)
    from rollup_types
    where (date_trunc('day', bucket, 'UTC'), type_id) in (
        select date_trunc('day', bucket, 'UTC'), type_id from deleted
    )
    group by 1, 2;
    return null;
end
$$;

create function empty_days() returns trigger language plpgsql as $$
begin
    truncate rollup_days;
    return null;
end
$$;

lock table rollup_types in share row exclusive mode;

insert into rollup_days (day, type_id, events, transactions, revenue, events_in_segments)
select
    date_trunc('day', bucket, 'UTC'),
    type_id,
    sum(events),
    sum(transactions),
    sum(revenue),
    sum(events_in_segments)
from rollup_types
group by 1, 2;

create trigger roll_up_inserted after insert on rollup_types
referencing new table as inserted
for each statement execute function roll_up_inserted();

create trigger roll_up_updated after update on rollup_types
referencing old table as before new table as after
for each statement execute function roll_up_updated();

create trigger roll_up_deleted after delete on rollup_types
referencing old table as deleted
for each statement execute function roll_up_deleted();

create trigger empty_days after truncate on rollup_types
for each statement execute function empty_days();

-- As before; and counts as a change of rows, so that nobody has to sum up what has expired to know
-- whether an answer is still good.
create or replace function expire_rows(partition text) returns bigint
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
