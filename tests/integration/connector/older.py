"""A version before segments, for a database's connections of a certain name."""

import psycopg

NAME = "older"
"""The pool's name of an older version."""


def know_older_versions(url: str) -> None:
    """Have what the older version writes be as it was: without segments, all in its row."""
    with psycopg.connect(url) as connection:
        connection.execute("""
            create function without_segments() returns trigger language plpgsql as $$
            begin
                if current_setting('application_name') <> 'hookstream older' then
                    return new;
                elsif tg_table_name = 'segments' then
                    return null;
                end if;
                new.events_in_segments := case
                    when tg_op = 'INSERT' then 0 else old.events_in_segments
                end;
                return new;
            end
            $$;
            create function with_columns() returns trigger language plpgsql as $$
            declare
                person json := nullif(new.raw, '')::json #> '{data,user}';
                action json := nullif(new.raw, '')::json #> '{data,engagement}';
            begin
                if current_setting('application_name') = 'hookstream older' then
                    new.country := coalesce(person #>> '{location,country}', action ->> 'country');
                    new.city := person #>> '{location,city}';
                    new.age := person ->> 'age';
                    new.gender := person ->> 'gender';
                    new.followers := person ->> 'followers';
                    new.device := action ->> 'device';
                    new.watch_time := action ->> 'watchTime';
                    new.percentage_watched := action ->> 'percentageWatched';
                    new.campaign_id := action ->> 'campaignId';
                    new.purchased_item := action ->> 'purchasedItem';
                end if;
                return new;
            end
            $$;
            create trigger older before insert on events
            for each row execute function with_columns();
            create trigger older before insert on segments
            for each row execute function without_segments();
            create trigger older before insert or update on rollup_types
            for each row execute function without_segments()
        """)
