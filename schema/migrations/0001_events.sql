-- Events, their identities, rollups and the ledger of stored messages.

create table event_types (
    id smallint primary key,
    source text not null,
    funnel_stage text not null,
    event_type text not null,
    has_revenue boolean not null,
    unique (source, event_type)
);

insert into event_types (id, source, funnel_stage, event_type, has_revenue) values
    (1, 'facebook', 'top', 'ad.view', false),
    (2, 'facebook', 'top', 'page.like', false),
    (3, 'facebook', 'top', 'comment', false),
    (4, 'facebook', 'top', 'video.view', false),
    (5, 'facebook', 'bottom', 'ad.click', false),
    (6, 'facebook', 'bottom', 'form.submission', false),
    (7, 'facebook', 'bottom', 'checkout.complete', true),
    (8, 'tiktok', 'top', 'video.view', false),
    (9, 'tiktok', 'top', 'like', false),
    (10, 'tiktok', 'top', 'share', false),
    (11, 'tiktok', 'top', 'comment', false),
    (12, 'tiktok', 'bottom', 'profile.visit', false),
    (13, 'tiktok', 'bottom', 'purchase', true),
    (14, 'tiktok', 'bottom', 'follow', false);

-- The identity of every event ever stored, with no time window: 128 bits of BLAKE2b over source
-- and eventId. One row here is what makes an event count once.
create table event_keys (
    key uuid primary key
);

-- revenue is null where the type has none or the event carries no amount.
create table events (
    occurred_at timestamptz not null,
    type_id smallint not null,
    event_id text not null,
    user_id text not null,
    country text,
    city text,
    age smallint,
    gender text,
    followers bigint,
    device text,
    watch_time double precision,
    percentage_watched double precision,
    campaign_id text,
    purchased_item text,
    revenue numeric(16, 4),
    raw text not null,
    stream_sequence bigint not null,
    stream_position integer not null
) partition by range (occurred_at);

create index events_occurred_at on events using brin (occurred_at) with (pages_per_range = 32);
create index events_campaign_id on events (campaign_id) where campaign_id is not null;

-- Quarters of an hour: every time zone's offset is a multiple of them.
create table rollup_types (
    bucket timestamptz not null,
    type_id smallint not null,
    events bigint not null,
    transactions bigint not null,
    revenue numeric not null,
    primary key (bucket, type_id)
);

-- One row per packed message that has been stored: what became of its events.
create table messages (
    stream_sequence bigint not null,
    published_at timestamptz not null,
    source text not null,
    received_at timestamptz not null,
    correlation_ids text not null,
    events integer not null,
    stored integer not null,
    duplicates integer not null,
    rejected integer not null,
    stored_at timestamptz not null default now(),
    primary key (stream_sequence, published_at)
);

-- Every event accepted before as_of is stored, known as a duplicate or dead-lettered.
create table watermarks (
    source text primary key,
    as_of timestamptz not null,
    observed_at timestamptz not null
);

-- Makes room for the events of one UTC day: a partition of a day if it is recent, else of its
-- month. A month that already has days goes on in days. Returns whether a partition was made.
create function ensure_partition(day date) returns boolean language plpgsql as $$
declare
    month date := date_trunc('month', day)::date;
    month_name text := 'events_' || to_char(day, 'YYYYMM');
    day_name text := 'events_' || to_char(day, 'YYYYMMDD');
    by_day boolean;
    first date;
    last date;
begin
    perform pg_advisory_xact_lock(hashtext('hookstream.ensure_partition'));
    -- Not by to_regclass(): while this waited for a lock, what it remembers may have been dropped.
    if exists (
        select from pg_inherits
        join pg_class on pg_class.oid = inhrelid
        where inhparent = 'events'::regclass and relname in (month_name, day_name)
    ) then
        return false;
    end if;
    by_day := day > (now() at time zone 'utc')::date - 31 or exists (
        select from pg_inherits
        where inhparent = 'events'::regclass and inhrelid::regclass::text like month_name || '__'
    );
    first := case when by_day then day else month end;
    last := case when by_day then day + 1 else (month + interval '1 month')::date end;
    execute format(
        'create table %I (like events including defaults including constraints)',
        case when by_day then day_name else month_name end
    );
    execute format(
        'alter table events attach partition %I for values from (%L) to (%L)',
        case when by_day then day_name else month_name end,
        first::timestamp at time zone 'utc',
        last::timestamp at time zone 'utc'
    );
    return true;
end
$$;
