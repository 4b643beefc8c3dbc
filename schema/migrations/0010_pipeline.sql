-- Where each source's events stand between the stream and the rows, as the connector last saw it.
-- Dead letters whose source cannot be read are those of the source 'unknown'.
create table pipeline (
    source text primary key,
    pending_messages bigint not null,
    oldest_pending_at timestamptz,
    dead_letters bigint not null,
    observed_at timestamptz not null
);
