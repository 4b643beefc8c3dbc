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

-- How many of a rollup's events are in segments. Collectors of an older version leave it behind;
-- while it is not all of them, reports that need segments cannot be answered.
alter table rollup_types add column events_in_segments bigint not null default 0;
