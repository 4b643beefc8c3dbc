-- Rollups of single seconds, for ranges that begin or end inside a quarter of an hour.

create table rollup_seconds (
    second timestamptz not null,
    type_id smallint not null,
    events bigint not null,
    transactions bigint not null,
    revenue numeric not null,
    primary key (second, type_id)
) with (fillfactor = 80);

-- How many of a rollup's events are in rollup_seconds too. Collectors of an older version leave it
-- behind; while it is not all of them, reports read rows instead.
alter table rollup_types add column events_in_seconds bigint not null default 0;

-- Rolls up by second what is behind in a quarter of an hour, as far as there are rows. Whoever adds
-- to these rollups meanwhile is waited for, or waits: writers have a row of rollup_types before
-- they touch one of rollup_seconds.
create function roll_up_seconds(quarter timestamptz) returns void language plpgsql as $$
declare
    following timestamptz := quarter + interval '15 minutes';
    types smallint[];
begin
    select array_agg(type_id) into types
    from (
        select type_id
        from rollup_types
        where bucket = quarter and events_in_seconds <> events
        order by type_id
        for update
    ) as behind;
    delete from rollup_seconds
    where second >= quarter and second < following and type_id = any(types);
    insert into rollup_seconds (second, type_id, events, transactions, revenue)
    select
        date_trunc('second', occurred_at),
        type_id,
        count(*),
        count(revenue),
        coalesce(sum(revenue), 0)
    from events
    where occurred_at >= quarter and occurred_at < following and type_id = any(types)
    group by 1, 2
    order by 1, 2;
    update rollup_types set events_in_seconds = (
        select coalesce(sum(added.events), 0)
        from rollup_seconds as added
        where added.second >= quarter
            and added.second < following
            and added.type_id = rollup_types.type_id
    )
    where bucket = quarter and type_id = any(types);
end
$$;
