-- Persons who were erased: what EVENTS had taken of them by then is stored without them. Collectors
-- of an older version do not look: erase when the last of them has ended.

-- A tombstone is 128 bits of BLAKE2b over source and userId; the id itself is nowhere. erased_at
-- is by the broker's clock, which stamps the messages too.
create table erased_users (
    tombstone uuid primary key,
    erased_at timestamptz not null
);

create index erased_users_erased_at on erased_users (erased_at);

-- Says whether anybody was erased at or after the moment. A writer calls it in its transaction,
-- which record_erasure then waits for: a writer sees a tombstone or has committed before it.
-- Volatile, so that the tombstones are read as they are when the lock is had.
create function erased_since(moment timestamptz) returns boolean language plpgsql as $$
begin
    perform pg_advisory_xact_lock_shared(hashtextextended('hookstream.erasures', 0));
    return exists (select from erased_users where erased_at >= moment);
end
$$;

-- Records tombstones when the writers at work have ended; those that come meanwhile wait, so it
-- gives up after two seconds.
create function record_erasure(persons uuid[], moment timestamptz) returns void
language plpgsql set lock_timeout = '2s' as $$
begin
    perform pg_advisory_xact_lock(hashtextextended('hookstream.erasures', 0));
    insert into erased_users as known (tombstone, erased_at)
    select person, moment from unnest(persons) as person
    on conflict (tombstone) do update
        set erased_at = greatest(known.erased_at, excluded.erased_at);
end
$$;

-- Takes a person out of the rows of one partition whose messages were published by the moment,
-- and returns how many there were. What counts and sums are made of stays.
create function erase_rows(partition text, person text, types smallint[], moment timestamptz)
returns bigint language plpgsql as $$
declare
    erased bigint;
begin
    execute format($update$
        update %I as event set
            event_id = '',
            user_id = '',
            country = null,
            city = null,
            age = null,
            gender = null,
            followers = null,
            device = null,
            raw = ''
        where user_id = $1
            and type_id = any($2)
            and coalesce(
                (
                    select min(published_at) <= $3
                    from messages
                    where messages.stream_sequence = event.stream_sequence
                ),
                true
            )
    $update$, partition) using person, types, moment;
    get diagnostics erased = row_count;
    return erased;
exception
    -- Rows of long ago may have expired meanwhile.
    when undefined_table then
        return 0;
end
$$;
