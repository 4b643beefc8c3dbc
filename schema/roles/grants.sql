-- What each group may do in this database. The owner runs this after the migrations; to run it again,
-- or after an older version's, leaves the groups just these rights.

-- Whoever makes a partition changes the same row of the catalog.
select pg_advisory_xact_lock(hashtext('hookstream.ensure_partition'));

do $$
declare
    groups text := 'hookstream_collector, hookstream_connector, hookstream_reader';
    relation regclass;
begin
    execute format('revoke all on database %I from public, %s', current_database(), groups);
    execute format('grant connect on database %I to %s', current_database(), groups);
    execute format('revoke create on schema %I from public, %s', current_schema(), groups);
    execute format('grant usage on schema %I to %s', current_schema(), groups);
    for relation in
        select oid
        from pg_class
        where relnamespace = current_schema()::regnamespace
            and relkind in ('r', 'p', 'v')
            and not relispartition
            and pg_has_role(relowner, 'usage')
    loop
        execute format('revoke all on %s from %s', relation, groups);
    end loop;
end
$$;

revoke all on function
    ensure_partition, erased_since, record_erasure, erase_rows, expire_rows, hold_partitions,
    roll_up_seconds, hold_days, roll_up_inserted, roll_up_updated, roll_up_deleted, empty_days
from public, hookstream_collector, hookstream_connector, hookstream_reader;

-- fb-consume and ttk-consume: add events, and to what counts them. They read no event, no key.
grant select (name) on schema_migrations to hookstream_collector;
grant select, insert on event_keys to hookstream_collector;
grant select on erased_users to hookstream_collector;
grant insert on events, segments to hookstream_collector;
grant
    select, insert,
    update (events, transactions, revenue, events_in_seconds, events_in_segments)
on rollup_types to hookstream_collector;
grant select, insert, update (events, transactions, revenue)
on rollup_seconds to hookstream_collector;
grant select (stream_sequence, published_at, stored, rejected), insert, update (stored, rejected)
on messages to hookstream_collector;
grant execute on function ensure_partition, erased_since, hold_partitions to hookstream_collector;

-- The reports and the dashboard: read what they show. Of events, the ends of ranges are counted; of
-- keys, what it takes to know one.
grant select on
    expired_rows, pipeline, reported_events, rollup_days, rollup_seconds, rollup_types, row_changes,
    schema_migrations, segments, watermarks
to hookstream_reader;
grant select (occurred_at, type_id, revenue) on events to hookstream_reader;
grant select (source, events, stored, duplicates, rejected) on messages to hookstream_reader;
grant select (id, scopes, digest, requests_per_second, expires_at, revoked_at)
on api_keys to hookstream_reader;

-- The connector: watermarks, standings, segments of what is not in one yet and of several, seconds,
-- retention, the keys' digests, the ledger of damaged messages; and to read what `reconcile` compares.
-- Update of a segment's id, which has no other value than its own, is the right to lock it.
grant select on
    erased_users, event_keys, event_types, expired_rows, messages, reported_events, rollup_days,
    rollup_seconds, rollup_types, row_changes, schema_migrations
to hookstream_connector;
grant select (
    occurred_at, type_id, user_id, country, city, age, gender, followers, device, watch_time,
    percentage_watched, campaign_id, purchased_item, revenue, stream_sequence, stream_position
) on events to hookstream_connector;
grant select (id, scopes, digest, requests_per_second, expires_at, revoked_at)
on api_keys to hookstream_connector;
grant select, insert, update on pipeline, watermarks to hookstream_connector;
grant select, insert, delete, update (id) on segments to hookstream_connector;
grant update (events_in_segments) on rollup_types to hookstream_connector;
grant insert, update (stored, rejected) on messages to hookstream_connector;
grant execute on function erased_since, expire_rows, roll_up_seconds to hookstream_connector;
