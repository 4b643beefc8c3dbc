-- A change of the kinds that migrations bring: columns with a default on tables that collectors
-- write to, and a rollup that triggers keep right, whichever version writes. Tables are locked in
-- the order in which collectors come to them; writers come to hours one after the other.
alter table events add column stored_by text not null default 'older';

lock table rollup_types in share row exclusive mode;

create table rollup_hours (
    hour timestamptz primary key,
    events bigint not null,
    revenue numeric not null
);

create function roll_up_hours() returns trigger language plpgsql as $$
begin
    perform pg_advisory_xact_lock(hashtextextended('hookstream.rollup_hours', 0));
    insert into rollup_hours as known (hour, events, revenue)
    select date_trunc('hour', bucket, 'UTC'), sum(events), sum(revenue)
    from changed
    group by 1
    order by 1
    on conflict (hour) do update set
        events = known.events + excluded.events,
        revenue = known.revenue + excluded.revenue;
    return null;
end
$$;

create function roll_up_changed_hours() returns trigger language plpgsql as $$
begin
    perform pg_advisory_xact_lock(hashtextextended('hookstream.rollup_hours', 0));
    insert into rollup_hours as known (hour, events, revenue)
    select
        date_trunc('hour', bucket, 'UTC'),
        sum(changed.events - before.events),
        sum(changed.revenue - before.revenue)
    from changed
    join before using (bucket, type_id)
    group by 1
    order by 1
    on conflict (hour) do update set
        events = known.events + excluded.events,
        revenue = known.revenue + excluded.revenue;
    return null;
end
$$;

insert into rollup_hours (hour, events, revenue)
select date_trunc('hour', bucket, 'UTC'), sum(events), sum(revenue)
from rollup_types
group by 1;

create trigger roll_up_hours after insert on rollup_types
referencing new table as changed
for each statement execute function roll_up_hours();

create trigger roll_up_changed_hours after update on rollup_types
referencing old table as before new table as changed
for each statement execute function roll_up_changed_hours();

alter table messages add column stored_by text not null default 'older';
