"""A version before segments, for a database's connections of a certain name."""

import psycopg

NAME = "older"
"""The pool's name of an older version."""


def know_older_versions(url: str) -> None:
    """Have what the older version writes be without segments, as it was."""
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
            create trigger older before insert on segments
            for each row execute function without_segments();
            create trigger older before insert or update on rollup_types
            for each row execute function without_segments()
        """)
