-- One connection's landing place for a batch; emptied at each commit.
create temporary table if not exists staging (
    key uuid not null,
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
) on commit delete rows
