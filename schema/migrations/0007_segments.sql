-- What reports read of events, column by column: the rows that one transaction stored of one source
-- are a segment. shared/segments/columns.py says what is in a column; one that is null has nothing
-- of any of its events.
create table segments (
    id bigint generated always as identity primary key,
    written_by xid8 not null default pg_current_xact_id(),
    source text not null,
    first_at timestamptz not null,
    last_at timestamptz not null,
    events integer not null,
    occurred_at bytea not null,
    type_id bytea not null,
    person bytea,
    age bytea,
    gender bytea,
    device bytea,
    followers bytea,
    watch_time bytea,
    percentage_watched bytea,
    revenue bytea,
    country bytea,
    city bytea,
    campaign bytea,
    item bytea,
    stream_sequence bytea not null,
    stream_position bytea not null
);

-- They are compressed already.
alter table segments
    alter occurred_at set storage external,
    alter type_id set storage external,
    alter person set storage external,
    alter age set storage external,
    alter gender set storage external,
    alter device set storage external,
    alter followers set storage external,
    alter watch_time set storage external,
    alter percentage_watched set storage external,
    alter revenue set storage external,
    alter country set storage external,
    alter city set storage external,
    alter campaign set storage external,
    alter item set storage external,
    alter stream_sequence set storage external,
    alter stream_position set storage external;

-- Which segments a range touches, and which of them are new, without reading the segments.
create index segments_by_time on segments (source, last_at) include (first_at, id, written_by, events);
create index segments_by_writer on segments (written_by);

-- Those that are to be merged.
create index segments_small on segments (source, id) include (events) where events < 2048;

-- How many of a rollup's events are in segments. Collectors of an older version leave it behind;
-- while it is not all of them, reports that need segments cannot be answered.
alter table rollup_types add column events_in_segments bigint not null default 0;

-- As before; and deletes the segments none of whose events can have a row any more: those that no
-- partition reaches. In the others some events may have expired. Nobody is told of these: reports
-- refuse what touches a quarter of an hour in expired_rows.
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
